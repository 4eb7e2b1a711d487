// What a request costs beyond its backend: direct, a bare undici proxy, Portkey's gateway and
// Switchyard, in turn. `npm run build && node bench/overhead/main.mjs [--rounds 5] [--seconds 3]`
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { assertDurable } from './durability.mjs';
import { runLoop } from './load.mjs';
import {
  cpuMs,
  rssMib,
  startFake,
  startPortkey,
  startSwitchyard,
  startUndici,
  stopAll,
} from './processes.mjs';
import { median, shuffled } from './rounds.mjs';

const { values } = parseArgs({
  options: { rounds: { type: 'string' }, seconds: { type: 'string' } },
});
const rounds = Number(values.rounds ?? 5);
const durationMs = Number(values.seconds ?? 3) * 1_000;
const warmUpMs = 6_000;
/** One core is all that a generator in one thread can use; above this it measures itself. */
const generatorCpuMax = 0.9;
const cases = [
  { name: 'JSON, 20 tokens', stream: false, connections: 1 },
  { name: 'JSON, 20 tokens', stream: false, connections: 10 },
  { name: 'JSON, 20 tokens', stream: false, connections: 64 },
  { name: 'SSE, 100 chunks', stream: true, connections: 10 },
];

async function openPeers(outputTokens) {
  const fake = await startFake(outputTokens);
  const [undici, portkey, switchyard] = await Promise.all([
    startUndici(fake.url),
    startPortkey(),
    startSwitchyard(fake.url),
  ]);
  await assertDurable(switchyard, fake.url);
  const portkeyHeaders = {
    'x-portkey-provider': 'openai',
    'x-portkey-custom-host': `${fake.url}/v1`,
    authorization: 'Bearer none',
  };
  return {
    direct: { ...fake, headers: {} },
    undici: { ...undici, headers: {} },
    portkey: { ...portkey, headers: portkeyHeaders },
    switchyard: { ...switchyard, headers: {} },
  };
}

/** Code that has run a few thousand times is another than code that starts; all get the same. */
async function warmUp(peers, stream) {
  const warming = { connections: stream ? 10 : 64, durationMs: warmUpMs, stream };
  for (const peer of Object.values(peers)) await runLoop(peer, warming);
}

async function measure(peers, measured) {
  const results = Object.fromEntries(Object.keys(peers).map((peer) => [peer, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const [name, peer] of shuffled(Object.entries(peers))) {
      const before = cpuMs(peer.pids);
      const result = await runLoop(peer, { ...measured, durationMs });
      const cpuMsPerRequest =
        (cpuMs(peer.pids) - before) / (result.requestsPerSec * (durationMs / 1_000));
      results[name].push({
        ...result,
        cpuMsPerRequest,
        isVoid: result.generatorCpuRatio > generatorCpuMax,
      });
    }
  }
  return results;
}

function report(measured, results) {
  const of = (peer, field) => median(results[peer].map((result) => result[field]));
  console.log(
    `\n${measured.name}, ${measured.connections} connection(s), medians of ${rounds} rounds`,
  );
  for (const peer of Object.keys(results)) {
    if (!(of(peer, 'requestsPerSec') > 0)) {
      console.log(`  ${peer.padEnd(11)}  answers no such request: no figures, no ratio`);
      continue;
    }
    const errors = results[peer].reduce((sum, result) => sum + result.errors, 0);
    console.log(
      [
        `  ${peer.padEnd(11)}`,
        `${of(peer, 'requestsPerSec').toFixed(0).padStart(7)} req/s`,
        `p50 ${of(peer, 'p50Ms').toFixed(2).padStart(7)} ms`,
        `p99 ${of(peer, 'p99Ms').toFixed(2).padStart(7)} ms`,
        `CPU ${of(peer, 'cpuMsPerRequest').toFixed(2)} ms/req`,
        `generator CPU ${(of(peer, 'generatorCpuRatio') * 100).toFixed(0)} %`,
        errors > 0 ? `ERRORS ${errors}` : '',
        results[peer].some((result) => result.isVoid) ? 'VOID: the generator was saturated' : '',
      ].join('  '),
    );
  }
  if (!(of('portkey', 'requestsPerSec') > 0)) return;
  const ratio = (field) => (of('switchyard', field) / of('portkey', field)).toFixed(2);
  const added = (peer) => of(peer, 'p50Ms') - of('direct', 'p50Ms');
  console.log(
    `  switchyard / portkey: throughput ${ratio('requestsPerSec')}, p50 ${ratio('p50Ms')}, p99 ${ratio('p99Ms')}, ` +
      `added p50 ${(added('switchyard') / added('portkey')).toFixed(2)}`,
  );
}

const raw = [];
try {
  for (const outputTokens of [20, 100]) {
    const peers = await openPeers(outputTokens);
    await warmUp(peers, outputTokens === 100);
    for (const measured of cases.filter(({ stream }) => stream === (outputTokens === 100))) {
      const results = await measure(peers, measured);
      report(measured, results);
      raw.push({ ...measured, results });
    }
    const memory = Object.entries(peers).map(([name, peer]) => [
      name,
      Math.round(rssMib(peer.pids)),
    ]);
    console.log(
      `\nresident memory, MiB: ${memory.map(([name, mib]) => `${name} ${mib}`).join(', ')}`,
    );
    raw.push({ rssMib: Object.fromEntries(memory) });
    await stopAll();
  }
} finally {
  await stopAll();
}
mkdirSync('bench/out', { recursive: true });
const machine = { cpu: cpus()[0].model, cores: cpus().length, node: process.version };
writeFileSync(
  'bench/out/overhead.json',
  JSON.stringify({ machine, rounds, durationMs, raw }, null, 2),
);
process.exit(0);
