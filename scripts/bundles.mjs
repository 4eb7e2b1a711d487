// One file of each program of the services, with all that it imports: Node then starts in two
// thirds of the time, as it finds and opens one file and not some 1,500.
import { readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

/** True for a source file that Node starts a service, or a thread of one, with. */
export const isProgram = (file) =>
  relative(root, file).startsWith(`services${sep}`) && /[\\/](main|thread)\.ts$/.test(file);

/** Where a program's own part is before it is bundled. */
export const partsFile = (program) => program.replace(/\.js$/, '.parts.js');

/** Bundles each program from its parts file to its own path. */
export async function bundle(programs) {
  const { outputFiles } = await build({
    entryPoints: programs.map((program) => ({
      in: partsFile(program),
      out: relative(root, program).replace(/\.js$/, ''),
    })),
    outdir: root,
    write: false,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    external: outside,
    minifyWhitespace: true,
    banner: { js: surroundings },
    plugins: [ownPlaces],
    logLevel: 'warning',
  });
  for (const { path, contents } of outputFiles) {
    // Never half a file where a process may be starting.
    await writeFile(`${path}.new`, contents);
    await rename(`${path}.new`, path);
  }
}

/** A native package, one that is large and seldom read, and what NestJS does without. */
const outside = [
  'libsql',
  'gpt-tokenizer',
  '@fastify/multipart',
  '@fastify/static',
  '@fastify/view',
  '@grpc/*',
  '@mikro-orm/*',
  '@nestjs/axios',
  '@nestjs/mongoose',
  '@nestjs/platform-express',
  '@nestjs/sequelize',
  '@nestjs/typeorm',
  '@nestjs/websockets',
  'amqp*',
  'class-transformer',
  'class-validator',
  'ioredis',
  'kafkajs',
  'mongoose',
  'mqtt',
  'nats',
  'sequelize',
  'typeorm',
];

/** What CommonJS modules expect around them, and where the project is. */
const surroundings = [
  "import { createRequire as bundle$createRequire } from 'node:module';",
  'const require = bundle$createRequire(import.meta.url);',
  "const bundle$root = import.meta.url.slice(0, import.meta.url.lastIndexOf('/services/') + 1);",
].join('\n');

/** Keeps `import.meta.url` of our files what it is without a bundle: they find others by it. */
const ownPlaces = {
  name: 'own-places',
  setup({ onLoad }) {
    onLoad({ filter: /[\\/](libs|services)[\\/].*[\\/]dist[\\/].*\.js$/ }, async ({ path }) => {
      const text = await readFile(path, 'utf8');
      if (!text.includes('import.meta.url')) return undefined;
      const place = JSON.stringify(relative(root, path).split(sep).join('/'));
      const contents = text.replaceAll('import.meta.url', `new URL(${place}, bundle$root).href`);
      return { contents, loader: 'js' };
    });
  },
};
