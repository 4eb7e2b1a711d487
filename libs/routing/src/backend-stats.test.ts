import { backendStats, speedOf, unknownSpeed, unknownStats } from './backend-stats.js';

const speed = { ...unknownSpeed, samples: 3, ttftMs: 40 };

describe('the stats of a backend', () => {
  it('keep what was known before', () => {
    const before = backendStats({ ewmaMs: 5, isPrimary: true });
    const next = backendStats({ ewmaMs: 6 }, before);
    expect(next).toEqual({ ...unknownStats, ewmaMs: 6, isPrimary: true });
    expect(Object.keys(next)).toEqual(Object.keys(unknownStats));
  });

  it.each([
    ['a model that was measured', 'm', speed],
    ['a model that was not', 'n', unknownSpeed],
    ['a word of the language', 'constructor', unknownSpeed],
    ['a prototype', '__proto__', unknownSpeed],
  ])('know the speed of %s', (_title, model, expected) => {
    expect(speedOf(backendStats({ models: { m: speed } }), model)).toBe(expected);
  });
});
