import { DurationWindow } from './duration-window.js';

const windowOf = (durations: readonly number[], atMs = 0) => {
  const window = new DurationWindow();
  for (const durationMs of durations) window.add({ durationMs, atMs });
  return window;
};
const upTo = (count: number) => Array.from({ length: count }, (_, at) => at + 1);

describe('a window of durations', () => {
  it.each([
    { name: 'nothing', durations: [], mean: 0, p50: 0, p95: 0 },
    { name: 'one', durations: [40], mean: 40, p50: 40, p95: 40 },
    { name: 'in any order', durations: [30, 10, 20], mean: 20, p50: 20, p95: 30 },
    { name: 'a full window', durations: upTo(100), mean: 50.5, p50: 50, p95: 95 },
    { name: 'more than a full window', durations: upTo(200), mean: 150.5, p50: 150, p95: 195 },
  ])('$name: mean $mean, p50 $p50, p95 $p95', ({ durations, mean, p50, p95 }) => {
    const samples = Math.min(durations.length, 100);
    expect(windowOf(durations).summary(0)).toEqual({
      samples,
      durationMsMean: mean,
      durationMsP50: p50,
      durationMsP95: p95,
    });
  });

  it('forgets what is older than ten minutes', () => {
    const window = windowOf([900, 900], 0);
    window.add({ durationMs: 100, atMs: 600_001 });
    expect(window.summary(600_000).samples).toBe(3);
    expect(window.summary(600_001)).toMatchObject({ samples: 1, durationMsMean: 100 });
  });
});
