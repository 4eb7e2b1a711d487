// How fast the task-tracker folds the log into its table and answers from it:
// `npm run build && node bench/tracker/main.mjs [jobs]`, 1,000,000 jobs where nothing is said.
// Facts are handed over in this process, in batches as the bus does; each round trip to a server
// comes on top.
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { Projection } from '../../services/task-tracker/dist/projection.js';
import { Questions } from '../../services/task-tracker/dist/questions.js';
import { TrackerDatabase } from '../../services/task-tracker/dist/database.js';
import { Snapshots } from '../../services/task-tracker/dist/snapshots.js';
import { jobFacts } from './facts.mjs';

const jobsMax = Number(process.argv[2] ?? 1_000_000);
const batch = 500;
const calls = 200;
const silent = () => {};
const log = { debug: silent, info: silent, warn: console.warn, error: console.error };

const folder = mkdtempSync(join(tmpdir(), 'bench-tracker-'));
const tells = new Map();
const bus = {
  follow: async ({ stream, tell }) => {
    tells.set(stream, tell);
    return async () => {};
  },
  streamState: async () => ({ createdAtMs: 1, firstSeq: 1, lastSeq: 1e9, messages: 1e9 }),
};
const now = () => 1_800_000_000_000;
const projection = new Projection({ bus, log, folder, instanceId: 'bench', now });
await projection.start();
const questions = new Questions(projection, now);

const events = await fold();
const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
const at = (values, share) =>
  values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))];
await list();
await snapshot();
await projection.stop();
rmSync(folder, { recursive: true });

/** Folds every job; says how long the first million events took, and how fast it went in all. */
async function fold() {
  let seq = 0;
  let pendingMs = 0;
  let firstMillionMs;
  let stallMsMax = 0;
  const seqs = { EVENTS: 0, STATE: 0 };
  const usedFrom = process.cpuUsage();
  for (let from = 0; from < jobsMax; from += batch / 2) {
    const facts = [];
    for (let job = from; job < Math.min(jobsMax, from + batch / 2); job += 1) {
      facts.push(...jobFacts(job));
    }
    const startedMs = performance.now();
    for (const { stream, subject, data } of facts) {
      seqs[stream] += 1;
      seq += 1;
      tells.get(stream)(subject, data, seqs[stream], 0);
    }
    const handedMs = performance.now();
    await turn();
    stallMsMax = Math.max(stallMsMax, handedMs - startedMs);
    pendingMs += performance.now() - startedMs;
    if (seq >= 1_000_000) firstMillionMs ??= pendingMs;
  }
  const flushedMs = performance.now();
  projection.flush();
  pendingMs += performance.now() - flushedMs;
  const { user, system } = process.cpuUsage(usedFrom);
  const megabytes = Math.round(statSync(join(folder, 'jobs.db')).size / 1e6);
  const rate = Math.round((seq / pendingMs) * 1000);
  console.log(`${seq} events folded at ${rate} events/s; longest batch ${ms(stallMsMax)}`);
  if (firstMillionMs) console.log(`the first 1,000,000 events: ${ms(firstMillionMs)}`);
  const rssMegabytes = Math.round(process.memoryUsage().rss / 1e6);
  console.log(`file ${megabytes} MB, memory ${rssMegabytes} MB, CPU ${ms((user + system) / 1e3)}`);
  return seq;
}

async function list() {
  const account = 'default';
  const newestMs = 1_800_000_000_000 + jobsMax * 40;
  const asked = {
    'newest first': { account },
    'by status, common': { account, status: ['succeeded'] },
    'by status, rare': { account, status: ['running'] },
    'by status, none': { account, status: ['expired'] },
    'by backend': { account, backendId: 'backend-7' },
    'by kind': { account, kind: 'embedding' },
    'by backend, unknown': { account, backendId: 'nowhere' },
    'by kind, unknown': { account, kind: 'video' },
    'by time': { account, fromMs: newestMs - 4e6, toMs: newestMs - 2e6 },
    'failed of a backend': { account, status: ['failed'], backendId: 'backend-4' },
    'two that never meet': { account, status: ['canceled'], backendId: 'backend-4' },
    'rare status of a kind': { account, status: ['running'], kind: 'chat' },
    'several states': { account, status: ['failed', 'expired', 'canceled'] },
    orphaned: { account, isOrphaned: true },
  };
  for (const [name, filter] of Object.entries(asked)) {
    const took = [];
    let cursor;
    let rows = 0;
    for (let call = 0; call < calls; call += 1) {
      const startedMs = performance.now();
      const page = await questions.list({ ...filter, limit: 50, cursor });
      took.push(performance.now() - startedMs);
      cursor = page.nextCursor;
      rows += page.tasks.length;
      if (performance.now() - startedMs > 2_000) break;
    }
    const line = `p50 ${ms(median(took))}, p95 ${ms(at(took, 0.95))}, ${rows} rows`;
    console.log(`list ${name}: ${line}`);
  }
  const took = [];
  for (let call = 0; call < calls; call += 1) {
    const startedMs = performance.now();
    await questions.stats({});
    took.push(performance.now() - startedMs);
  }
  console.log(`stats: p50 ${ms(median(took))}, p95 ${ms(at(took, 0.95))}; ${events} events`);
}

/** Takes a snapshot and starts another replica from it; the object store is a map here. */
async function snapshot() {
  const store = new Map();
  const snapshots = new Snapshots(async () => ({
    get: async (name) => store.get(name),
    put: async (name, data) => void store.set(name, data),
    delete: async (name) => void store.delete(name),
  }));
  let startedMs = performance.now();
  const { rows } = await snapshots.take(projection.database, 'bench', () => false);
  const megabytes = Math.round(
    [...store.values()].reduce((sum, { length }) => sum + length, 0) / 1e6,
  );
  console.log(`snapshot of ${rows} jobs: ${ms(performance.now() - startedMs)}, ${megabytes} MB`);
  startedMs = performance.now();
  const second = TrackerDatabase.open(join(folder, 'second'), 'bench');
  await snapshots.restore(second, () => true);
  console.log(`started from it: ${ms(performance.now() - startedMs)}`);
  second.close();
}

function ms(value) {
  return `${value < 100 ? value.toFixed(2) : Math.round(value)} ms`;
}
