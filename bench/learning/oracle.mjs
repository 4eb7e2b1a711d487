// How near learning comes to knowing: `npm run build && node bench/learning/oracle.mjs TRACE...
// [--seeds 5] [--loads 30,50,70] [--strategies intelligent,bandit] [--requests 4000]`.
//
// Eight backends, the slowest four times as slow as the fastest; the fastest and one more fail
// three attempts in four, after a minute. p95 end to end of the requests from 1,001 on, over that
// of an oracle that knows true speeds, queues, caches and faults (libs/routing/src/simulator/
// oracle.ts).
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { parseArgs } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { strategies } from '@switchyard/routing';
import {
  compressed,
  demandRatio,
  promptsOf,
  readTrace,
  simulate,
  summarise,
  unequalFleet,
} from '@switchyard/routing/simulator';
import { productionParts as parts } from '@switchyard/testing/simulation';
import { goal } from '../routing/goal.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seeds: { type: 'string', default: '5' },
    loads: { type: 'string', default: '30,50,70' },
    strategies: { type: 'string', default: 'intelligent,bandit' },
    requests: { type: 'string', default: '100000' },
    fault: { type: 'string', default: '60000' },
  },
});
const learnedFrom = 1000;
const fleet = unequalFleet({ faultRatio: 0.75, faultMs: Number(values.fault) });
const names = values.strategies.split(',');

for (const file of positionals) {
  const bytes = readFileSync(file);
  const text = (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString();
  const read = readTrace(basename(file), text).trace;
  const whole = { ...read, requests: read.requests.slice(0, Number(values.requests)) };
  const prompts = promptsOf(whole);
  for (const percent of values.loads.split(',')) {
    const trace = compressed(whole, Number(percent) / 100 / demandRatio(whole, fleet));
    const ratios = new Map(names.map((name) => [name, []]));
    for (let seed = 1; seed <= Number(values.seeds); seed += 1) {
      const play = (strategy, oracle) =>
        summarise(simulate({ trace, fleet, strategy, parts, prompts, seed, oracle }), learnedFrom);
      const best = play(strategies.bandit, 'speeds');
      if (seed === 1) tell('oracle', best, percent);
      for (const name of names) {
        const found = play(strategies[name]);
        if (seed === 1) tell(name, found, percent);
        ratios.get(name).push(found.endToEnd.p95Ms / best.endToEnd.p95Ms);
      }
    }
    for (const [name, found] of ratios) {
      const all = found.map((ratio) => ratio.toFixed(2)).join(' ');
      goal(`${read.name}, ${percent} %, ${name} (${all}): worst`, 1.15, Math.max(...found));
    }
  }
}

function tell(name, { endToEnd, attempts, failed, refused, busyRatio }, percent) {
  const [p50, p95] = [endToEnd.p50Ms, endToEnd.p95Ms].map((ms) => (ms / 1000).toFixed(2));
  const busy = (100 * busyRatio).toFixed(0);
  console.log(
    `        ${percent} % ${name}: p50 ${p50} s, p95 ${p95} s, ${attempts} attempts, ` +
      `${failed} failed, ${refused} refused, busy ${busy} %`,
  );
}
