// `npm run simulate`: seeds of the simulation in one process of their own, and no jest around the
// product: its sandbox makes each of them three times as slow. Ends with one line of JSON.
//
// SIMULATION_SEEDS=n runs so many, from SIMULATION_FROM on; SIMULATION_SEED=n,m only those. So much
// happens in each as SIMULATION_HAPPENINGS says; SIMULATION_TALES=<folder> gets their tales.
//
// `-- --without [name ...]`: takes each protection of tests/simulation/protections.mjs out of the
// product, one at a time, and prints which seed notices; SIMULATION_SECONDS: no longer for each.
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { moneyProtections } from '../tests/simulation/money-protections.mjs';
import { protections } from '../tests/simulation/protections.mjs';
import { root } from './project.mjs';

const { env } = process;
const [mode, ...names] = process.argv.slice(2);
const first = Number(env.SIMULATION_FROM ?? 1);
const count = Number(env.SIMULATION_SEEDS ?? 500);
const seeds = env.SIMULATION_SEED?.split(',').map(Number) ?? range(first, count);
const happenings = Number(env.SIMULATION_HAPPENINGS ?? 12);
const tales = env.SIMULATION_TALES;
const secondsMax = Number(env.SIMULATION_SECONDS ?? Number.POSITIVE_INFINITY);
// A stack for every error that the product tells of is a tenth of the time.
if (!env.SIMULATION_SEED) Error.stackTraceLimit = 0;
/** What nobody caught, which ends a process of the product. */
let uncaught;
process.on('unhandledRejection', (reason) => {
  uncaught ??= `nobody caught ${reason?.stack ?? reason}`;
});

async function campaign() {
  const file = await bundle('whole');
  const { broken, ended, count: ran, seconds } = await run(file, seeds, Number.POSITIVE_INFINITY);
  // The same seed tells the same, and the next another tale.
  const [seed = 1] = seeds;
  const { marks } = await run(file, [seed, seed + 1, seed], Number.POSITIVE_INFINITY);
  const told = broken.map((each) => `seed ${each.seed}: ${each.problem}; again: ${again(each)}`);
  for (const line of told) console.log(line);
  console.log(JSON.stringify({ seeds: ran, seconds, ended, marks, broken: told }));
  if (broken.length > 0) process.exitCode = 1;
}

async function withoutEach() {
  const all = [...protections, ...moneyProtections];
  const chosen = all.filter(({ name }) => names.length === 0 || names.includes(name));
  if (chosen.length < names.length) throw new Error('no such protection');
  console.log('| Without | | First seed | Law |\n| --- | --- | --- | --- |');
  for (const protection of chosen) {
    const { name, what } = protection;
    const { broken, count: ran } = await run(await bundle(name, protection), seeds, 1);
    const [noticed] = broken;
    console.log(
      `| ${name} | ${what} | ${noticed?.seed ?? `none of ${ran}`} | ${lawOf(noticed) ?? '-'} |`,
    );
  }
}

/** The law that a problem names, or its first words. */
function lawOf(noticed) {
  const law = noticed?.problem.match(/^law "(\w+)"/)?.[1];
  return law ? `\`${law}\`` : noticed?.problem.match(/^no end|^leak|^nobody caught/)?.[0];
}

/** Runs seeds until so many have failed. */
async function run(file, list, failuresMax) {
  const { runSeed } = await import(pathToFileURL(file).href);
  const startedAtNs = process.hrtime.bigint();
  const [broken, marks, ended] = [[], [], {}];
  let [ran, seconds] = [0, 0];
  for (const seed of list) {
    uncaught = undefined;
    const { world, problem } = await runSeed(seed, {
      happenings,
      isToldWhole: tales !== undefined,
    });
    await new Promise((resolve) => setImmediate(resolve));
    ran += 1;
    for (const { state } of world.laws.jobs()) ended[state] = (ended[state] ?? 0) + 1;
    marks.push(world.tale.mark);
    if (tales) writeFileSync(join(tales, `tale-${seed}.log`), `${world.tale.lines.join('\n')}\n`);
    if (problem ?? uncaught) broken.push({ seed, problem: problem ?? uncaught });
    seconds = Number(process.hrtime.bigint() - startedAtNs) / 1e9;
    if (broken.length >= failuresMax || seconds > secondsMax) break;
  }
  return { broken, marks, ended, seconds, count: ran };
}

/** One file of the simulation and the product, without a protection where one is given. */
async function bundle(name, protection) {
  const outfile = join(folder, `${name}.mjs`);
  await build({
    entryPoints: [join(root, 'tests', 'simulation', 'run-seed.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    conditions: ['switchyard-source'],
    plugins: [inSimulation, ...(protection ? [without(protection)] : [])],
    logLevel: 'warning',
  });
  return outfile;
}

/** Takes a protection out. */
function without({ name, file, from, to }) {
  const path = join(root, ...file.split('/'));
  const text = readFileSync(path, 'utf8');
  if (text.split(from).length !== 2) throw new Error(`${name}: its text is not once in ${file}`);
  const contents = text.replace(from, () => to);
  const load = (found) => (found.path === path ? { contents, loader: 'ts' } : undefined);
  return { name, setup: ({ onLoad }) => onLoad({ filter: /\.ts$/ }, load) };
}

const simulated = {
  'node:timers/promises': `
    export const setTimeout = (ms, value) =>
      new Promise((resolve) => globalThis.setTimeout(() => resolve(value), ms));
    export const setImmediate = (value) =>
      new Promise((resolve) => globalThis.setImmediate(() => resolve(value)));`,
  // Takes half a second to load, and counts nothing here that anybody looks at.
  'gpt-tokenizer': 'export const countTokens = (text) => text.length;',
  // Each one makes room for all that it may ever keep: a tenth of the time of a seed.
  'lru-cache': 'export class LRUCache extends Map { constructor() { super(); } }',
};

/** Packages stay outside, but for ours; what waits outside of the simulated clock comes onto it. */
const inSimulation = {
  name: 'in-simulation',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^(node:timers\/promises|gpt-tokenizer|lru-cache)$/ }, ({ path }) => ({
      path,
      namespace: 'simulated',
    }));
    onResolve({ filter: /^[^./]/ }, ({ path }) => {
      // zod is there in two versions.
      const isInside = path.startsWith('@switchyard/') || path === 'zod';
      return isInside || path.startsWith(root) ? undefined : { path, external: true };
    });
    onLoad({ filter: /./, namespace: 'simulated' }, ({ path }) => ({ contents: simulated[path] }));
  },
};

function range(from, length) {
  return Array.from({ length }, (_, at) => from + at);
}

function again({ seed }) {
  return `SIMULATION_SEED=${seed} SIMULATION_HAPPENINGS=${happenings} npm test -- tests/simulation`;
}

const folder = mkdtempSync(join(tmpdir(), 'switchyard-simulate-'));
symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'), 'junction');
try {
  if (mode === '--without') await withoutEach();
  else await campaign();
} finally {
  rmSync(folder, { recursive: true, force: true });
}
