// Names in package-lock.json the prebuilt parts of tools for other systems that npm left out,
// because the registry it asked does not carry them: without their names `npm ci` refuses the whole
// file. Run it after `npm install`.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './project.mjs';

const file = join(root, 'package-lock.json');
const lock = JSON.parse(readFileSync(file, 'utf8'));
const added = [];
for (const [path, { optionalDependencies = {}, dev }] of Object.entries(lock.packages)) {
  for (const [name, version] of Object.entries(optionalDependencies)) {
    if (isNamed(path, name)) continue;
    lock.packages[`node_modules/${name}`] = {
      version,
      ...sorted({ ...platformOf(name), ...(dev ? { dev } : {}), optional: true }),
    };
    added.push(name);
  }
}
if (added.length > 0) {
  lock.packages = Object.fromEntries(
    Object.entries(lock.packages).toSorted(([a], [b]) => a.localeCompare(b, 'en')),
  );
  writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
}
console.log(`named ${added.length} parts for other systems`);

/** True where the package at `path` finds `name` in its own node_modules or in one above. */
function isNamed(path, name) {
  const above = path.split(/(?=\/?node_modules\/)/);
  return above.some((_, at) => {
    const folder = above.slice(0, at + 1).join('');
    return lock.packages[`${folder}/node_modules/${name}`] || lock.packages[`node_modules/${name}`];
  });
}

/** Fields in the order in which npm writes them. */
function sorted(fields) {
  return Object.fromEntries(
    Object.entries(fields).toSorted(([a], [b]) => a.localeCompare(b, 'en')),
  );
}

/** The system in a name such as `binding-linux-arm64-musl`. Throws for one that cannot be read. */
function platformOf(name) {
  const parts = /(android|darwin|linux|win32|freebsd|openharmony)-([a-z0-9]+)(?:-(\w+))?$/.exec(
    name,
  );
  if (!parts) throw new Error(`${name} names no system we know`);
  const [, os, cpu, abi = ''] = parts;
  const libc = { gnu: 'glibc', musl: 'musl' }[/^(gnu|musl)/.exec(abi)?.[0]];
  return {
    os: [os],
    cpu: [cpu === 'armv7' ? 'arm' : cpu],
    ...(os === 'linux' && libc ? { libc: [libc] } : {}),
  };
}
