import { confidenceOf } from './confidence.js';

describe('the confidence', () => {
  it.each([
    ['is whole for one measured candidate', 50, 80, undefined, 1],
    ['is half for one never measured', 0, 80, undefined, 0.5],
    ['counts a clear lead whole', 50, 80, 60, 1],
    ['counts a lead by its share', 50, 80, 70, 0.75],
    ['counts samples by their share', 25, 80, 80, 0.25],
    ['is never below a tenth', 0, 80, 80, 0.1],
    ['takes no lead from a worse choice', 0, 60, 80, 0.1],
    ['takes nothing from what is measured for a worse choice', 50, 60, 80, 0.5],
    ['takes no lead where nobody has points', 0, 0, 0, 0.1],
    ['is a tenth where the samples are no number', Number.NaN, 80, 80, 0.1],
  ])('%s', (_title, samples, chosenPoints, runnerUpPoints, expected) => {
    expect(confidenceOf({ samples, chosenPoints, runnerUpPoints })).toBe(expected);
  });
});
