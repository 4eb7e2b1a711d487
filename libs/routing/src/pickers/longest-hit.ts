import type { BackendRow } from '../backend-row.js';
import { firstFew, type Picker, type PickerInput, withFirst } from '../picker.js';
import { numberOf } from '../job-facts.js';
import { isBetter } from './best.js';
import { betterOfTwo } from './two-choices.js';

/** A backend with more than so many times the mean of outstanding tokens, and this job, is full. */
const meanTimes = 1.5;

/**
 * The one with the longest prefix hit that is not overworked; where nobody has a hit, the better of
 * two drawn at random.
 *
 * Overworked: its outstanding tokens are over 1.5 times the survivors' mean and one job like this.
 * Equal hits in the order of the points and the tie-break.
 */
export const longestHit: Picker = {
  name: 'longest_hit',
  order: (input) => {
    const order = firstFew(input.survivors, isBetter, input);
    return withFirst(bestHit(input) ?? betterOfTwo(input), order);
  },
};

function bestHit(input: PickerInput): number | undefined {
  const limit = outstandingMax(input);
  let longest = 0;
  let found: number | undefined;
  for (const at of input.survivors) {
    const row = input.rows[at] as BackendRow;
    const hit = numberOf(input.set.facts.hitTokens, row.id, 0);
    if (!(hit > 0) || !(hit >= longest) || row.stats.outstandingTokens > limit) continue;
    if (hit === longest && found !== undefined && !isBetter(at, found, input)) continue;
    longest = hit;
    found = at;
  }
  return found;
}

function outstandingMax({ rows, survivors, set }: PickerInput): number {
  let sum = 0;
  for (const at of survivors) sum += (rows[at] as BackendRow).stats.outstandingTokens;
  const { estimatedInputTokens, maxOutputTokens } = set.job;
  return meanTimes * (sum / survivors.length) + estimatedInputTokens + maxOutputTokens;
}
