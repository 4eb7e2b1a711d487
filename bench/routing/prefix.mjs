// The goals of cache-aware routing on Mooncake's hour of conversations, at 16 backends whose round
// robin is 70, 80 and 90 % busy: `npm run build && node bench/routing/prefix.mjs TRACE [--sweep]`.
// --sweep plays 220 settings of weights at each load first: about 7 minutes.
//
// The last lines are of an ideal: every backend holds nine tenths of what one endless cache would
// find, so that nothing but the queues matters. What it cannot reach, nobody can with such hits.
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { strategies } from '@switchyard/routing';
import {
  calibrate,
  compressed,
  fleetOf,
  promptsOf,
  readTrace,
  sharedCacheHitRatio,
  simulate,
  summarise,
  sweep,
} from '@switchyard/routing/simulator';
import { productionParts as parts } from '@switchyard/testing/simulation';
import { goal } from './goal.mjs';

/** Best p95 of the first token of 220 settings at each load, as of the last run with --sweep. */
const bestMsBefore = { 70: 5467, 80: 5619, 90: 6135 };

const [file, option] = process.argv.slice(2);
const bytes = readFileSync(file);
const text = (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString();
const { trace: whole } = readTrace(file, text);
const prompts = promptsOf(whole);
const shared = sharedCacheHitRatio({ trace: whole });
const fleet = fleetOf(16, () => ({ cacheBlocks: 12_000 }));
const ideal = { ...whole, requests: whole.requests.map(cutBy(0.9)) };

for (const busy of [70, 80, 90]) {
  const { times } = calibrate({ trace: whole, fleet, parts, prompts }, busy / 100);
  const trace = compressed(whole, times);
  const play = (name) =>
    summarise(simulate({ trace, fleet, strategy: strategies[name], parts, prompts }));
  const [inTurn, leastLoaded, shortest, affinity] = [
    'round_robin',
    'least_loaded',
    'shortest_ttft',
    'prefix_affinity',
  ].map(play);
  const settings = option === '--sweep' ? [...sweep({ trace, fleet, parts, prompts })] : [];
  const sweptMs = settings.map(({ summary }) => summary.ttft.p95Ms);
  const bestMs = sweptMs.length > 0 ? Math.min(...sweptMs) : bestMsBefore[busy];
  console.log(`\n${busy} % busy: time compressed ${times.toFixed(2)} times, best p95 ${bestMs} ms`);
  for (const one of [shortest, affinity]) {
    goal(`${one.strategy} p95 / round_robin's`, 0.5, one.ttft.p95Ms / inTurn.ttft.p95Ms);
    goal(`${one.strategy} p95 / best setting's`, 1.1, one.ttft.p95Ms / bestMs);
    const hits = one.hitRatio / shared;
    goal(`${one.strategy} hits / endless cache's, at least`, 0.9, hits, hits >= 0.9);
    goal(`${one.strategy} imbalance / least_loaded's`, 1.25, one.imbalance / leastLoaded.imbalance);
    const ofTime = one.timeImbalance / leastLoaded.timeImbalance;
    goal(`${one.strategy} imbalance of time / least_loaded's`, 1.25, ofTime);
  }
  for (const strategy of [strategies.shortest_ttft, strategies.least_loaded]) {
    const found = summarise(simulate({ trace: compressed(ideal, times), fleet, strategy, parts }));
    const what = `ideal hits, ${strategy.name}: p95 ${Math.round(found.ttft.p95Ms)} ms, imbalance`;
    goal(`${what} / least_loaded's`, 1.25, found.imbalance / leastLoaded.imbalance);
    goal(`${what} of time`, 1.25, found.timeImbalance / leastLoaded.timeImbalance);
  }
}

/** Takes from each prompt this share of what one endless cache would have found of it. */
function cutBy(share) {
  const seen = new Set();
  return (request) => {
    const blocks = request.blockIds.slice(0, Math.floor(request.inputTokens / whole.blockTokens));
    const missing = blocks.findIndex((id) => !seen.has(id));
    for (const id of blocks) seen.add(id);
    const found = whole.blockTokens * (missing < 0 ? blocks.length : missing);
    const inputTokens = Math.max(1, Math.round(request.inputTokens - share * found));
    return { ...request, inputTokens, blockIds: [] };
  };
}
