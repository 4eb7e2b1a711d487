// What cost_optimized pays over the least that anybody could pay who knew the jobs in advance, at
// as many deadline misses: `npm run build && node bench/routing/cost.mjs [instances]`.
//
// Twelve jobs alike, three backends of which the faster ones are dearer. Beside it the same
// strategy where no job may wait for a cheaper backend that is full (ADR 0022).
import { strategies } from '@switchyard/routing';
import {
  leastCostUsdMicros,
  pricedInstance,
  simulate,
  summarise,
} from '@switchyard/routing/simulator';
import { productionParts as parts } from '@switchyard/testing/simulation';
import { goal } from './goal.mjs';

const instances = Number(process.argv[2] ?? 200);
const patient = strategies.cost_optimized;
const hasty = { ...patient, reads: ['stats'] };

function play(strategy, { slots, meanGapMs, slackMax }) {
  const found = { mean: 0, worst: 0, over: 0, late: 0 };
  for (let seed = 1; seed <= instances; seed += 1) {
    const instance = pricedInstance({ seed, slots, meanGapMs, slackMax });
    const { costUsdMicros, deadlineMisses } = summarise(simulate({ ...instance, strategy, parts }));
    const ratio = costUsdMicros / leastCostUsdMicros(instance, deadlineMisses);
    found.mean += ratio / instances;
    found.worst = Math.max(found.worst, ratio);
    if (ratio > 1.1) found.over += 1;
    found.late += deadlineMisses;
  }
  return found;
}

console.log(`${instances} instances a row`);
for (const slots of [6, 4, 2, 1]) {
  for (const meanGapMs of [8000, 3000, 1000]) {
    for (const slackMax of [3, 8]) {
      const drawn = { slots, meanGapMs, slackMax };
      const { mean, worst, over, late } = play(patient, drawn);
      const before = play(hasty, drawn);
      const what = `${slots} slots, a job in ${meanGapMs} ms, deadlines to ${slackMax} times`;
      const rest = `${over} over 1.1, worst ${worst.toFixed(2)}, ${late} late`;
      const hastily = `hasty: ${before.mean.toFixed(3)}, worst ${before.worst.toFixed(2)}`;
      goal(`${what}: ${rest}; ${hastily}, ${before.late} late; mean`, 1.1, mean);
    }
  }
}
