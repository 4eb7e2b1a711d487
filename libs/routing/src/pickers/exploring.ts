import type { BackendRow } from '../backend-row.js';
import { firstFew, type Picker, type PickerInput, withFirst } from '../picker.js';
import { randomAt } from '../seed.js';
import { isBetter } from './best.js';

/**
 * Most points first, but now and then the healthy one of which least was learned, as often as
 * `learned.explorationRatio` says.
 *
 * Never for a job with a deadline: it does not pay for what others learn.
 */
export const exploring: Picker = {
  name: 'exploring',
  order: (input) => {
    const order = firstFew(input.survivors, isBetter, input);
    const { learned } = input.set.facts;
    if (!(randomAt(input.seed, 0) < learned.explorationRatio)) return order;
    if (input.set.job.deadlineAtMs !== undefined) return order;
    const least = leastLearned(input);
    return least === undefined ? order : withFirst(least, order);
  },
};

function leastLearned({ rows, survivors, set }: PickerInput): number | undefined {
  let fewest = Infinity;
  let found: number | undefined;
  for (const at of survivors) {
    const row = rows[at] as BackendRow;
    const samples = set.facts.learned.arms[row.id]?.samples ?? 0;
    if (row.health !== 'healthy' || !(samples < fewest)) continue;
    fewest = samples;
    found = at;
  }
  return found;
}
