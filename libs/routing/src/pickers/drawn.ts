import { firstFew, type Picker } from '../picker.js';
import { randomAt } from '../seed.js';

/**
 * A draw: each survivor comes first as often as its share of the points says; where nobody has any,
 * all alike.
 *
 * Each draws a time, exponential with its points as the rate; the earliest comes first. So the
 * ranking is a draw without putting back (Efraimidis and Spirakis, 2006).
 */
export const drawn: Picker = {
  name: 'drawn',
  order: ({ rows, points, survivors, seed }) => {
    const hasPoints = survivors.some((at) => (points[at] as number) > 0);
    const times = new Array<number>(rows.length);
    for (const at of survivors) {
      const rate = hasPoints ? (points[at] as number) : 1;
      times[at] = -Math.log(1 - randomAt(seed, at)) / rate;
    }
    return firstFew(survivors, isEarlier, times);
  },
};

function isEarlier(a: number, b: number, times: readonly number[]): boolean {
  const timeA = times[a] as number;
  const timeB = times[b] as number;
  // Without points a draw of 0 gives 0 / 0: such a one comes last.
  if (Number.isNaN(timeA) || Number.isNaN(timeB))
    return Number.isNaN(timeB) && !Number.isNaN(timeA);
  return timeA !== timeB ? timeA < timeB : a < b;
}
