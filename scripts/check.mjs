// `npm run check`: everything a change must pass, in order, each step timed; stops at the first
// red.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { commandFile, install, root, runNode } from './project.mjs';

const steps = [
  { name: 'generated code is current', run: checkGenerated },
  { name: 'format', run: () => runNode([commandFile('@biomejs/biome', 'biome'), 'format', '.']) },
  { name: 'lint', run: () => runNode([commandFile('oxlint'), '--type-aware', '--deny-warnings']) },
  {
    name: 'lint of the contract',
    run: () => runNode([commandFile('@bufbuild/buf', 'buf'), 'lint']),
  },
  {
    name: 'types',
    run: () => runNode([commandFile('typescript', 'tsc'), '--noEmit', '-p', 'tsconfig.json']),
  },
  { name: 'arrows', run: checkArrows },
  { name: 'dead code', run: () => runNode([commandFile('knip')]) },
  { name: 'tests', run: () => runNode([join(root, 'scripts', 'test.mjs')]) },
];

install();
for (const { name, run } of steps) {
  console.log(`\n== ${name}`);
  const startedAtMs = Date.now();
  const code = run();
  const seconds = ((Date.now() - startedAtMs) / 1000).toFixed(1);
  if (code !== 0) {
    console.error(`\n${name}: RED after ${seconds} s; nothing after it was run`);
    process.exit(1);
  }
  console.log(`${name}: green in ${seconds} s`);
}
console.log('\nall green');

function checkArrows() {
  const folders = ['libs', 'services', 'tests', 'bench'];
  const depcruise = commandFile('dependency-cruiser', 'depcruise');
  return runNode([depcruise, '--config', '.dependency-cruiser.cjs', ...folders]);
}

/** Generates beside the tree and compares, so that a check never touches what others are using. */
function checkGenerated() {
  const folder = mkdtempSync(join(tmpdir(), 'switchyard-generated-'));
  try {
    const code = runNode([commandFile('@bufbuild/buf', 'buf'), 'generate', '-o', folder]);
    if (code !== 0) return code;
    const path = join('libs', 'contracts', 'src', 'generated');
    const [fresh, committed] = [readTree(join(folder, path)), readTree(join(root, path))];
    const names = new Set([...fresh.keys(), ...committed.keys()]);
    const stale = [...names].filter((name) => fresh.get(name) !== committed.get(name));
    for (const name of stale) console.error(`not what proto/ says: ${join(path, name)}`);
    if (stale.length > 0) console.error('run `npm run generate` and commit the result');
    return stale.length === 0 ? 0 : 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function readTree(folder) {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true });
  const paths = files
    .filter((file) => file.isFile())
    .map((file) => join(file.parentPath ?? file.path, file.name));
  return new Map(paths.map((path) => [path.slice(folder.length + 1), readFileSync(path, 'utf8')]));
}
