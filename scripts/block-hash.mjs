// Makes libs/routing/src/prefix/block-hash-code.ts from block-hash.wat, with the assembler of wabt,
// which is not installed for this alone: `npx -y -p wabt@1.0.39 -- node scripts/block-hash.mjs`.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const room = new URL('../libs/routing/src/prefix/', import.meta.url);
const folder = mkdtempSync(join(tmpdir(), 'switchyard-wat-'));
try {
  const made = join(folder, 'block-hash.wasm');
  execFileSync('wat2wasm', [new URL('block-hash.wat', room).pathname, '-o', made]);
  const lines = readFileSync(made)
    .toString('base64')
    .match(/.{1,94}/g);
  const text = lines.map((line) => `  '${line}'`).join(' +\n');
  writeFileSync(
    new URL('block-hash-code.ts', room),
    `/** block-hash.wat as WebAssembly, in base64: scripts/block-hash.mjs makes it. */
export const blockHashCode =\n${text};\n`,
  );
} finally {
  rmSync(folder, { recursive: true, force: true });
}
