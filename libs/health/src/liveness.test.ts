import { livenessOf } from './liveness.js';

describe('livenessOf', () => {
  it.each([
    [0, 'alive'],
    [15_000, 'alive'],
    [15_001, 'suspect'],
    [30_000, 'suspect'],
    [30_001, 'dead'],
    [330_000, 'dead'],
    [330_001, 'gone'],
  ])('%i ms after the last heartbeat an instance is %s', (ageMs, liveness) => {
    expect(livenessOf({ heardAtMs: 1_000 }, 1_000 + ageMs)).toBe(liveness);
  });
});
