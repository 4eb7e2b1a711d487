import { parking, type Throttled } from './parking.js';

const nowMs = 1_000_000;
const parkedFor = (delayMs: number) => ({ kind: 'parked', notBeforeMs: nowMs + delayMs });

describe('a job that its backend refused for its rate', () => {
  it.each<[string, Partial<Throttled>, object]>([
    ['waits as long as the backend says', { retryAfterMs: 5000 }, parkedFor(5000)],
    ['waits for 30 s where it says nothing', {}, parkedFor(30_000)],
    ['the same for a time in the past', { retryAfterMs: -1 }, parkedFor(30_000)],
    ['the same for no number', { retryAfterMs: Number.NaN }, parkedFor(30_000)],
    ['goes to another backend that can take it', { hasOther: true }, { kind: 'elsewhere' }],
    ['waits up to its deadline', { deadlineAtMs: nowMs + 30_001 }, parkedFor(30_000)],
    ['fails where that is too late', { deadlineAtMs: nowMs + 30_000 }, { kind: 'failed' }],
    ['fails where its wait ends before', { waitUntilMs: nowMs + 9 }, { kind: 'failed' }],
    ['has no deadline with 0', { deadlineAtMs: 0 }, parkedFor(30_000)],
  ])('%s', (_what, changes, answer) => {
    const job: Throttled = {
      retryAfterMs: undefined,
      deadlineAtMs: undefined,
      waitUntilMs: nowMs + 3_600_000,
      hasOther: false,
      ...changes,
    };
    expect(parking(job, nowMs)).toEqual(answer);
  });
});
