import type { BackendRow } from '../backend-row.js';
import { firstFew, type Picker, withFirst } from '../picker.js';
import { isBetter } from './best.js';

/** Up to so many survivors are all candidates; of more, the best three tenths, two at least. */
const fewSurvivors = 3;
const candidateShare = 0.3;
/** Times this near to the shortest count as equal: a tenth of the mean, or half the spread. */
const meanShare = 0.1;
const spreadShare = 0.5;

/**
 * The least recently selected of those whose first measure, a time, is about the shortest; after it
 * the others, best first.
 *
 * Without the tolerance every job of a moment would go to the one backend that is fastest by a
 * hair. The candidates are at most 16, as many as a ranking names.
 */
export const leastRecentOfShortest: Picker = {
  name: 'least_recent_of_shortest',
  order: (input) => {
    const { measures, survivors, rows } = input;
    const order = firstFew(survivors, isBetter, input);
    if (measures === undefined) return order;
    const candidates = order.slice(0, candidateCount(survivors.length));
    const times = candidates.map((at) => measures[at] as number);
    const limitMs = Math.min(...times) + toleranceOf(times);
    const near = candidates.filter((at) => !((measures[at] as number) > limitMs));
    const sequence = (at: number) => (rows[at] as BackendRow).lastSelectedSequence;
    return withFirst(
      near.reduce((oldest, at) => (sequence(at) < sequence(oldest) ? at : oldest)),
      order,
    );
  },
};

const candidateCount = (survivors: number): number =>
  survivors <= fewSurvivors ? survivors : Math.max(2, Math.floor(candidateShare * survivors));

/** How far from the shortest still counts as equal. */
function toleranceOf(times: readonly number[]): number {
  const mean = times.reduce((sum, time) => sum + time, 0) / times.length;
  const variance = times.reduce((sum, time) => sum + (time - mean) ** 2, 0) / times.length;
  return Math.max(meanShare * mean, spreadShare * Math.sqrt(variance));
}
