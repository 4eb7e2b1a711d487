import {
  type BackendHealth,
  foldAbandoned,
  foldAttempt,
  foldCheck,
  neverChecked,
} from './backend-health.js';

const check = (isOk: boolean, atMs = 1) => ({
  isOk,
  durationMs: 5,
  message: isOk ? '' : 'refused',
  atMs,
});
const end = (
  failureCode: Parameters<typeof foldAttempt>[1]['failureCode'],
  retryAfterMs?: number,
) => ({
  failureCode,
  retryAfterMs,
  atMs: 1_000,
});
const after = (...checks: boolean[]): BackendHealth =>
  checks.reduce((health, isOk) => foldCheck(health, check(isOk)), neverChecked);

describe('foldCheck', () => {
  it.each([
    [[true], 'healthy', 0],
    [[false], 'degraded', 1],
    [[false, false], 'degraded', 2],
    [[false, false, false], 'down', 3],
    [[false, false, false, true], 'healthy', 0],
    [[false, false, true, false], 'degraded', 1],
  ])('after %j a backend is %s', (checks, status, consecutiveFailures) => {
    expect(after(...checks)).toMatchObject({ status, consecutiveFailures });
  });
});

describe('foldAttempt', () => {
  it.each([
    [undefined, undefined, 'healthy', 0],
    ['upstream_unreachable', undefined, 'down', 0],
    ['upstream_unauthorized', undefined, 'down', 0],
    ['rate_limited', 5_000, 'degraded', 6_000],
    ['rate_limited', undefined, 'degraded', 31_000],
    ['invalid_request', undefined, 'degraded', 0],
    ['upstream_model_missing', undefined, 'degraded', 0],
  ] as const)(
    'an attempt that ended with %s leaves a twice failed backend %3$s',
    (code, retryMs, status, cooldownUntilMs) => {
      expect(foldAttempt(after(false, false), end(code, retryMs))).toMatchObject({
        status,
        cooldownUntilMs,
      });
    },
  );
});

describe('foldAbandoned', () => {
  it('knows nothing any more, says so once, and the next check counts again', () => {
    const abandoned = foldAbandoned(after(true));
    expect(abandoned).toMatchObject({ status: 'unknown', checkedAtMs: 1 });
    expect(abandoned.message).toContain('executor');
    expect(foldAbandoned(abandoned)).toBe(abandoned);
    expect(foldCheck(abandoned, check(true))).toMatchObject({ status: 'healthy', message: '' });
  });
});
