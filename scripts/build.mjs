// Transpiles every workspace's src to its dist with swc, unchanged files left alone, and makes one
// file of each program of the services (bundles.mjs).
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { transformSync } from '@swc/core';
import { bundle, isProgram, partsFile } from './bundles.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const quiet = process.argv.includes('--quiet');

const folders = (parent) =>
  readdirSync(join(root, parent), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => join(root, parent, entry.name));

const rooms = ['libs', 'services', 'services/executors']
  .flatMap(folders)
  .filter((room) => existsSync(join(room, 'src')));

const files = (folder) =>
  readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name));

const isNewer = (from, to) => !existsSync(to) || statSync(from).mtimeMs > statSync(to).mtimeMs;
const options = JSON.parse(readFileSync(join(root, '.swcrc'), 'utf8'));

let built = 0;
const programs = [];
for (const room of rooms) {
  const src = join(room, 'src');
  const dist = join(room, 'dist');
  const wanted = new Set();
  for (const file of files(src)) {
    if (file.endsWith('.test.ts') || file.endsWith('.d.ts')) continue;
    const isSource = file.endsWith('.ts');
    const program = join(dist, relative(src, file)).replace(/\.ts$/, '.js');
    const out = isProgram(file) ? partsFile(program) : program;
    wanted.add(out).add(`${out}.map`).add(program).add(`${program}.map`);
    if (out !== program) programs.push(program);
    if (!isNewer(file, out)) continue;
    mkdirSync(dirname(out), { recursive: true });
    built += 1;
    if (!isSource) {
      writeFileSync(out, readFileSync(file));
      continue;
    }
    const { code, map } = transformSync(readFileSync(file, 'utf8'), {
      ...options,
      swcrc: false,
      filename: file,
      sourceFileName: relative(dirname(out), file).split(sep).join('/'),
    });
    writeFileSync(`${out}.map`, map);
    writeFileSync(out, `${code}//# sourceMappingURL=${out.split(sep).at(-1)}.map\n`);
  }
  if (existsSync(dist)) for (const file of files(dist)) if (!wanted.has(file)) rmSync(file);
}
const lockFile = join(root, 'package-lock.json');
if (built > 0 || programs.some((program) => isNewer(lockFile, program))) await bundle(programs);
if (!quiet) {
  console.log(`built ${built} files in ${rooms.length} rooms, ${programs.length} programs`);
}
