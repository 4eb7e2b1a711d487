// The cost-ledger against its targets: what a hold adds to a job, entries a second, and the replay
// of a million entries. `npm run build && node bench/ledger/main.mjs [entries to replay]`.
import { performance } from 'node:perf_hooks';
import { Bus } from '@switchyard/bus';
import { streams, subjects } from '@switchyard/contracts';
import { CostLedger } from '@switchyard/service-cost-ledger';
import { startTestNats } from '@switchyard/testing';

const replayed = Number(process.argv[2] ?? 1_000_000);
const nats = await startTestNats();
const connect = (name) => Bus.connect({ url: nats.url, name });
const [own, client] = await Promise.all([connect('ledger'), connect('router')]);
await own.provision(Object.values(streams({ queueCapacity: 10_000 })), 1);
const log = { debug() {}, info() {}, warn: console.warn, error: console.error };
const scope = { kind: 'global', id: '' };
const shape = { form: 'fixed', timeZone: 'UTC', isCap: true, alertAt: [0.7, 0.9] };
const budget = { ...shape, scope, window: 'daily', limitUsdMicros: 1e12 };

async function open(instanceId) {
  const metrics = { gauge: () => () => {} };
  const config = { budgets: { mode: 'strict', list: [budget] } };
  const deps = { bus: own, config, log, metrics, instanceId, faultPoint: () => {} };
  const ledger = new CostLedger(deps);
  await ledger.start();
  await ledger.tick();
  return ledger;
}

const facts = { account: 'team-a', model: 'm', kind: 'chat', attemptNo: 1 };
const quotes = [{ backendId: 'cloud', fixedUsdMicros: 100, perMtokOutputUsdMicros: 0 }];
const ask = (from, jobId) =>
  from.ask(subjects.rpc('cost-ledger', 'hold'), JSON.stringify({ ...facts, jobId, quotes }));
const quantile = (sorted, share) => sorted[Math.floor(sorted.length * share)].toFixed(3);

async function holds(label, count, atOnce, from = client) {
  const tookMs = [];
  let next = 0;
  const startedMs = performance.now();
  const one = async () => {
    while (next < count) {
      next += 1;
      const sentMs = performance.now();
      await ask(from, `${label}-${next}`);
      tookMs.push(performance.now() - sentMs);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, one));
  const rate = Math.round((count / (performance.now() - startedMs)) * 1_000);
  tookMs.sort((a, b) => a - b);
  const [p50, p99] = [quantile(tookMs, 0.5), quantile(tookMs, 0.99)];
  const where = from === own ? 'same process' : 'over NATS';
  console.log(`holds, ${where}, ${atOnce} at once: ${rate}/s, p50 ${p50} ms, p99 ${p99} ms`);
}

const ledger = await open('bench-1');
await holds('warm', 500, 4);
await holds('alone', 2_000, 1);
await holds('here', 2_000, 1, own);
await holds('many', 20_000, 64);
const publishedMs = [];
for (let at = 0; at < 2_000; at += 1) {
  const sentMs = performance.now();
  await client.publish(subjects.submit('normal', 'chat', 'bench'), '{}');
  publishedMs.push(performance.now() - sentMs);
}
publishedMs.sort((a, b) => a - b);
console.log(`one stored message: p50 ${quantile(publishedMs, 0.5)} ms`);
await ledger.stop();

const entry = { type: 'post', spentUsdMicros: 100, heldUsdMicros: 0 };
const { lastSeq } = await own.streamState('LEDGER');
let sent = lastSeq;
const startedMs = performance.now();
while (sent < replayed) {
  const batch = Array.from({ length: Math.min(2_000, replayed - sent) }, (_, at) => {
    const account = `team-${(sent + at) % 50}`;
    const atMs = Date.now() - (replayed - sent - at) * 100;
    const booking = { ...facts, account, backendId: 'cloud', jobId: `r-${sent + at}`, atMs };
    const text = JSON.stringify({
      ...booking,
      entries: [entry],
      cellSeq: sent + at + 1,
      readSeq: sent + at,
    });
    return client.publish(subjects.ledger(account), text);
  });
  await Promise.all(batch);
  sent += batch.length;
}
console.log(
  `written ${replayed} entries in ${((performance.now() - startedMs) / 1e3).toFixed(1)} s`,
);
const replayStartedMs = performance.now();
const second = await open('bench-2');
const seconds = (performance.now() - replayStartedMs) / 1e3;
console.log(`replay of ${replayed} entries: ${seconds.toFixed(1)} s, active: ${second.isActive}`);
await second.stop();
await Promise.all([own.drain(), client.drain()]);
await nats.stop();
