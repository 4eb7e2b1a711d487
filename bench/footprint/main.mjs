// What a Switchyard takes before it does anything, and what a long line adds: start to ready, idle
// memory, and memory with 100,000 waiting jobs of 1 KB, standalone and nats-server together. `npm
// run build && node bench/footprint/main.mjs [--jobs 100000] [--settle 60]`
import { parseArgs } from 'node:util';
import { Bus } from '@switchyard/bus';
import { rssMib, startFake, startSwitchyard, stopAll } from '../overhead/processes.mjs';

const { values } = parseArgs({ options: { jobs: { type: 'string' }, settle: { type: 'string' } } });
const jobs = Number(values.jobs ?? 100_000);
const settleMs = Number(values.settle ?? 60) * 1_000;
const atOnce = 500;
const wait = (durationMs) => new Promise((resolve) => setTimeout(resolve, durationMs));

const body = JSON.stringify({
  body: { model: 'bench-model', messages: [{ role: 'user', content: 'x'.repeat(940) }] },
});

try {
  const fake = await startFake(20);
  const startedMs = performance.now();
  const switchyard = await startSwitchyard(fake.url, { slots: 1 });
  console.log(
    `start to ready: ${((performance.now() - startedMs) / 1_000).toFixed(2)} s (a model is served)`,
  );
  await wait(10_000);
  const idleMib = rssMib(switchyard.pids);
  console.log(`idle: ${idleMib.toFixed(0)} MiB (standalone and nats-server)`);

  // The one slot is taken by a call that never ends, so that everything else waits.
  await fetch(`${fake.url}/__fake/faults`, {
    method: 'POST',
    body: JSON.stringify({ all: { kind: 'hang' } }),
  });
  const bus = await Bus.connect({ url: switchyard.natsUrl, name: 'bench' });
  const fillStartedMs = performance.now();
  for (let sent = 0; sent < jobs; sent += atOnce) {
    const batch = Array.from({ length: Math.min(atOnce, jobs - sent) }, () =>
      bus.publish('jobs.submit.normal.chat.default', body),
    );
    const refused = (await Promise.all(batch)).filter((stored) => stored.kind !== 'stored');
    if (refused.length > 0) throw new Error(`${refused.length} submissions were refused`);
  }
  console.log(
    `submitted ${jobs} jobs in ${((performance.now() - fillStartedMs) / 1_000).toFixed(0)} s`,
  );
  await wait(settleMs);
  const stats = JSON.parse(Buffer.from(await bus.ask('rpc.router.stats', '{}')).toString('utf8'));
  const fullMib = rssMib(switchyard.pids);
  const [standaloneMib, natsMib] = switchyard.pids.map((pid) => rssMib([pid]).toFixed(0));
  console.log(`waiting: ${JSON.stringify(stats.waiting)}`);
  console.log(
    `with them: ${fullMib.toFixed(0)} MiB (standalone ${standaloneMib}, nats-server ${natsMib}); added ${(fullMib - idleMib).toFixed(0)} MiB`,
  );
  await bus.drain();
} finally {
  await stopAll();
}
process.exit(0);
