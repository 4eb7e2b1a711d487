// This tree against another built tree of this repository: as it starts, and with every limit of
// the doors, of an account and of a backend set, so high that nothing is refused. In turn, in
// random order. `node bench/overhead/compare.mjs --with <folder of the other> [--rounds 3]
// [--seconds 2]`
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { runLoop } from './load.mjs';
import * as here from './processes.mjs';
import { median, shuffled } from './rounds.mjs';

const { values } = parseArgs({
  options: {
    with: { type: 'string' },
    rounds: { type: 'string' },
    seconds: { type: 'string' },
  },
});
const other = await import(join(resolve(values.with ?? ''), 'bench/overhead/processes.mjs'));
const rounds = Number(values.rounds ?? 3);
const durationMs = Number(values.seconds ?? 2) * 1_000;
const warmUpMs = 4_000;
const cases = [
  { name: 'JSON, 20 tokens', outputTokens: 20, stream: false, connections: 1 },
  { name: 'JSON, 20 tokens', outputTokens: 20, stream: false, connections: 10 },
  { name: 'JSON, 20 tokens', outputTokens: 20, stream: false, connections: 64 },
  { name: 'SSE, 100 chunks', outputTokens: 100, stream: true, connections: 10 },
];
const many = '{ requests_per_minute: 10000000, tokens_per_minute: 10000000000 }';
const limits = `    max_requests_per_minute: 10000000
    max_tokens_per_minute: 10000000000
rate_limits: ${many}
accounts: { default: ${many} }
`;

function report({ name, connections }, results) {
  console.log(`\n${name}, ${connections} connection(s), medians of ${rounds} rounds`);
  const perSec = (peer) => median(results[peer].map((one) => one.requestsPerSec));
  for (const [peer, all] of Object.entries(results)) {
    const p50Ms = median(all.map((one) => one.p50Ms));
    const errors = all.reduce((sum, one) => sum + one.errors, 0);
    const share = (perSec(peer) / perSec('other')).toFixed(2);
    console.log(
      `  ${peer.padEnd(8)} ${perSec(peer).toFixed(0).padStart(6)} req/s  ` +
        `p50 ${p50Ms.toFixed(2)} ms  of the other ${share}${errors > 0 ? `  ERRORS ${errors}` : ''}`,
    );
  }
}

const raw = [];
try {
  for (const outputTokens of [20, 100]) {
    const fake = await here.startFake(outputTokens);
    const peers = {
      other: await other.startSwitchyard(fake.url),
      here: await here.startSwitchyard(fake.url),
      limited: await here.startSwitchyard(fake.url, { more: limits }),
    };
    const measuredHere = cases.filter((one) => one.outputTokens === outputTokens);
    for (const peer of Object.values(peers)) {
      Object.assign(peer, { headers: {} });
      const { stream } = measuredHere[0];
      await runLoop(peer, { connections: stream ? 10 : 64, durationMs: warmUpMs, stream });
    }
    for (const measured of measuredHere) {
      const results = { other: [], here: [], limited: [] };
      for (let round = 0; round < rounds; round += 1) {
        for (const [name, peer] of shuffled(Object.entries(peers))) {
          results[name].push(await runLoop(peer, { ...measured, durationMs }));
        }
      }
      report(measured, results);
      raw.push({ ...measured, results });
    }
    await here.stopAll();
    await other.stopAll();
  }
} finally {
  await here.stopAll();
  await other.stopAll();
}
mkdirSync('bench/out', { recursive: true });
writeFileSync('bench/out/compare.json', JSON.stringify({ rounds, durationMs, raw }, null, 2));
process.exit(0);
