import { failures, type FailureCode } from '@switchyard/domain';
import { BackendWindow } from './backend-window.js';
import { verdictOf } from './observation.js';

const startMs = 1_700_000_000_000;

/** `s<ms>` succeeded, `f` failed, `-` ended without blame; one each second from the start. */
const after = (events: string): BackendWindow => {
  const window = new BackendWindow();
  events.split(' ').forEach((event, at) => {
    const atMs = startMs + at * 1000;
    if (event === 'f') window.failed(atMs);
    else if (event === '-') window.ended(atMs);
    else window.succeeded(Number(event.slice(1)), atMs);
  });
  return window;
};

const none = { ewmaMs: 0, stddevMs: 0, recentSamples: 0, errorRatio: 0 };

describe('the window of a backend', () => {
  it.each([
    ['nothing', 0, { requestsLastMinute: 0, failuresLast5Min: 0, consecutiveFailures: 0, ...none }],
  ])('%s', (_, atMs, expected) => {
    expect(new BackendWindow().stats(startMs + atMs)).toEqual(expected);
  });

  it.each([
    ['s100 s200', 1000, { ewmaMs: 120, recentSamples: 2, errorRatio: 0, requestsLastMinute: 2 }],
    [
      's100 f f',
      2000,
      { ewmaMs: 100, errorRatio: 2 / 3, failuresLast5Min: 2, consecutiveFailures: 2 },
    ],
    ['f f s100', 2000, { consecutiveFailures: 0, failuresLast5Min: 2, requestsLastMinute: 3 }],
    ['- - s100', 2000, { errorRatio: 0, requestsLastMinute: 3, recentSamples: 1 }],
    ['s100 f', 62_000, { requestsLastMinute: 0, failuresLast5Min: 1, recentSamples: 1 }],
    ['s100 f', 310_000, { failuresLast5Min: 0, errorRatio: 0, recentSamples: 0, ewmaMs: 100 }],
    ['s100 s300', 1000, { stddevMs: Math.sqrt(20_000) }],
  ])('after %s, at %d ms', (events, atMs, expected) => {
    expect(after(events).stats(startMs + atMs)).toMatchObject(expected);
  });

  it('keeps the last hundred durations', () => {
    const window = new BackendWindow();
    for (let at = 0; at < 150; at += 1) window.succeeded(at, startMs);
    expect(window.durations()).toEqual({ durationMsMean: 99.5, durationSamples: 100 });
  });

  it('leaves out a duration that is none', () => {
    const window = after('s100');
    window.succeeded(Number.NaN, startMs);
    window.succeeded(-1, startMs);
    expect(window.durations()).toEqual({ durationMsMean: 100, durationSamples: 1 });
  });

  it('is the same after a trip through JSON', () => {
    const window = after('s100 f s250 - f f s90');
    const again = new BackendWindow();
    again.restore(JSON.parse(JSON.stringify(window.state())));
    expect(again.stats(startMs + 7000)).toEqual(window.stats(startMs + 7000));
    expect(again.durations()).toEqual(window.durations());
    expect(again.state()).toEqual(window.state());
  });
});

describe('what an ended attempt says of its backend', () => {
  it.each([
    [null, 'success'],
    ['upstream_error', 'fault'],
    ['upstream_timeout', 'fault'],
    ['upstream_unauthorized', 'fault'],
    ['executor_lost', 'fault'],
    ['deadline_exceeded', 'fault'],
    ['rate_limited', 'nothing'],
    ['invalid_request', 'nothing'],
    ['cancelled', 'nothing'],
    ['internal', 'nothing'],
  ] as const)('%p: %s', (failure, verdict) => {
    expect(verdictOf(failure)).toBe(verdict);
  });

  it('blames the backend for whatever its breaker counts', () => {
    const counted = Object.entries(failures).filter(([, { breaker }]) => breaker !== 'none');
    expect(counted.map(([code]) => verdictOf(code as FailureCode))).toEqual(
      counted.map(() => 'fault'),
    );
  });
});
