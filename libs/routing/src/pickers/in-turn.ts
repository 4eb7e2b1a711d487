import type { BackendRow } from '../backend-row.js';
import { firstFew, type Picker, type PickerInput } from '../picker.js';
import { numberOf } from '../job-facts.js';
import type { Turns } from '../snapshot.js';

/**
 * Smooth weighted turns: every survivor gains its weight, the one with the most then pays all of
 * the weights together; equals by id.
 *
 * - The weight of a backend is what the first scorer measured; without measures all weigh alike.
 * - Counted in whole thousandths, at least one, so that no rounding adds up.
 * - Who is left out of a decision keeps what it had.
 */
export const inTurn: Picker = {
  name: 'in_turn',
  order: (input) => firstFew(input.survivors, hasMore, gained(input)),
  nextTurns: (input, chosen) => {
    const turns: Record<string, number> = { ...input.turns };
    const now = gained(input);
    let paid = 0;
    for (const at of input.survivors) {
      paid += weightAt(input, at);
      turns[idAt(input, at)] = now[at] as number;
    }
    turns[idAt(input, chosen)] = (now[chosen] as number) - paid;
    return turns satisfies Turns;
  },
};

function gained(input: PickerInput): readonly number[] {
  const now = new Array<number>(input.rows.length);
  for (const at of input.survivors) {
    now[at] = numberOf(input.turns, idAt(input, at), 0) + weightAt(input, at);
  }
  return now;
}

const hasMore = (a: number, b: number, now: readonly number[]): boolean =>
  now[a] !== now[b] ? (now[a] as number) > (now[b] as number) : a < b;

/** The largest weight that counts: beyond it sums would leave the whole numbers. */
const weightMax = 1e9;

function weightAt({ measures }: PickerInput, at: number): number {
  const thousandths = Math.round((measures?.[at] ?? 1) * 1000);
  return thousandths >= 1 ? Math.min(weightMax, thousandths) : 1;
}

const idAt = ({ rows }: PickerInput, at: number) => (rows[at] as BackendRow).id;
