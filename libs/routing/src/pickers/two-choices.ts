import { firstFew, type Picker, type PickerInput, withFirst } from '../picker.js';
import { randomAt } from '../seed.js';
import { isBetter } from './best.js';

/** The better of two different survivors drawn at random; after it the others, best first. */
export const twoChoices: Picker = {
  name: 'two_choices',
  order: (input) => withFirst(betterOfTwo(input), firstFew(input.survivors, isBetter, input)),
};

/** The better of two different survivors drawn at random. */
function betterOfTwo(input: PickerInput): number {
  const { survivors, seed } = input;
  const count = survivors.length;
  const first = Math.floor(randomAt(seed, 0) * count);
  if (count === 1) return survivors[first] as number;
  const step = 1 + Math.floor(randomAt(seed, 1) * (count - 1));
  const a = survivors[first] as number;
  const b = survivors[(first + step) % count] as number;
  return isBetter(a, b, input) ? a : b;
}
