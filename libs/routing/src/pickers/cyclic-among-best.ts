import { firstFew, type Picker, type PickerInput, rankedMax } from '../picker.js';
import { isBetter } from './best.js';
import { aroundFrom } from './cyclic.js';

/** Those with the most points in turn, by id; after them the others, most points first. */
export const cyclicAmongBest: Picker = {
  name: 'cyclic_among_best',
  order: (input) => {
    const most = mostPoints(input);
    const first = aroundFrom(
      input,
      input.survivors.filter((at) => input.points[at] === most),
    );
    const others = input.survivors.filter((at) => input.points[at] !== most);
    return [...first, ...firstFew(others, isBetter, input)].slice(0, rankedMax);
  },
};

const mostPoints = ({ survivors, points }: PickerInput): number =>
  survivors.reduce((most, at) => Math.max(most, points[at] as number), -Infinity);
