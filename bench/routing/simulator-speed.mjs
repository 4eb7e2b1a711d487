// How many requests a second of processor time the simulator plays, 16 backends:
// `npm run build && node bench/routing/simulator-speed.mjs [TRACE]`. Eight rounds of each strategy
// in turn, and the best of them: what the machine does beside counts against it, nothing for it.
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { strategies } from '@switchyard/routing';
import { fleetOf, promptsOf, readTrace, simulate } from '@switchyard/routing/simulator';
import { productionParts as parts } from '@switchyard/testing/simulation';
import { goal } from './goal.mjs';

const rounds = 8;
const [file] = process.argv.slice(2);
const { trace } =
  file === undefined ? readTrace('made', made()) : readTrace(basename(file), read());
const prompts = promptsOf(trace);
const fleet = fleetOf(16);
const names = ['round_robin', 'score'];
const found = new Map(names.map((name) => [name, []]));

for (let round = 0; round < rounds; round += 1) {
  for (const name of names) {
    const before = process.cpuUsage();
    simulate({ trace, fleet, strategy: strategies[name], parts, prompts });
    const { user, system } = process.cpuUsage(before);
    found.get(name).push((trace.requests.length * 1e6) / (user + system));
  }
}
for (const [name, rates] of found) {
  const all = rates.map((rate) => Math.round(rate)).join(' ');
  const best = Math.max(...rates);
  goal(`${name}, requests a second (${all}), at least`, 20_000, best, best >= 20_000);
}

function read() {
  const bytes = readFileSync(file);
  return (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString();
}

/** 20,000 requests of up to 8 blocks behind one that all share; numbers that look like chance. */
function made() {
  let draw = 12_345;
  const chance = () => {
    draw = (draw * 1_103_515_245 + 12_345) & 0x7fffffff;
    return draw / 0x7fffffff;
  };
  let atMs = 0;
  const lines = Array.from({ length: 20_000 }, (_, at) => {
    atMs -= Math.log(1 - chance()) * 60;
    const blocks = 1 + Math.floor(chance() * 8);
    return JSON.stringify({
      timestamp: Math.round(atMs),
      input_length: blocks * 512 + 100,
      output_length: 1 + Math.floor(chance() * 100),
      hash_ids: Array.from({ length: blocks + 1 }, (_each, nth) => (nth === 0 ? 0 : at * 10 + nth)),
    });
  });
  return lines.join('\n');
}
