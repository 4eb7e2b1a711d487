import { ClockJumps, seeingJumps } from './clock-jumps.js';
import { Fleet } from './fleet.js';
import { toRoutedJob } from './to-routed-job.js';

const tenMinutesMs = 600_000;
const anHourMs = 3_600_000;

describe('a wall clock that jumps', () => {
  it.each([
    ['goes on', 1_000, 0],
    ['is slewed', 1_400, 0],
    ['is put ten minutes forward', 1_000 + tenMinutesMs, tenMinutesMs],
    ['is put ten minutes back', 1_000 - tenMinutesMs, -tenMinutesMs],
  ])('is seen once: it %s', (_name, wallMs, byMs) => {
    const jumps = new ClockJumps(0, 0);
    expect(jumps.look(wallMs, 1_000)).toBe(byMs);
    expect(jumps.look(wallMs + 1_000, 2_000)).toBe(0);
  });

  it('is told to nobody before what was kept by the old one is moved', () => {
    let wallMs = 1_000_000;
    const seen: number[] = [];
    const now = seeingJumps(
      () => wallMs,
      (byMs) => seen.push(Math.round(byMs / 1_000) * 1_000),
    );
    expect([now(), seen]).toEqual([1_000_000, []]);
    wallMs += tenMinutesMs;
    expect([now(), seen]).toEqual([1_000_000 + tenMinutesMs, [tenMinutesMs]]);
    expect([now(), seen]).toEqual([1_000_000 + tenMinutesMs, [tenMinutesMs]]);
  });

  it.each([
    ['executor ten minutes ahead', { notBeforeMs: 700_000 }, 103_000],
    ['executor ten minutes behind', { notBeforeMs: -500_000 }, -500_000],
    ['backend that asked for a pause', { notBeforeMs: 700_000, parked: 1 }, 700_000],
  ])('leaves a retry where it is: an %s', (_name, more, notBeforeMs) => {
    const retry = { attemptNo: 2, ...more };
    const job = { id: 'j', account: 'a', kind: 'chat', submittedAtMs: 1, retry } as never;
    const origin = { stream: 'RETRIES', seq: 7 } as const;
    const arrival = { origin, receipt: undefined, nowMs: 100_000, traceparent: undefined };
    const stamps = { of: () => ({ strategy: {} }) } as never;
    const defaults = { maxWaitMs: 60_000, retryDelayMsMax: 3_000 };
    const routed = toRoutedJob(job, arrival, stamps, defaults, () => undefined);
    expect(routed.notBeforeMs).toBe(notBeforeMs);
  });

  it('does not raise an executor from the dead by a heartbeat that is sent again', () => {
    const fleet = new Fleet(0);
    const beat = { instanceId: 'e', startedAtMs: 5, seq: 3, backends: ['gpu'] };
    fleet.foldBackend('gpu', { id: 'gpu', kind: 'ollama', isEnabled: true, slots: 1 }, 0);
    const aliveAfter = (changes: object, nowMs: number) => {
      fleet.foldHeartbeat({ ...beat, ...changes }, nowMs);
      fleet.advance(nowMs);
      return fleet.snapshot.backends[0]?.isAlive;
    };
    expect(aliveAfter({}, 1_000)).toBe(true);
    expect(aliveAfter({}, 31_001)).toBe(false);
    expect(aliveAfter({ seq: 4 }, 32_000)).toBe(true);
    expect(aliveAfter({ seq: 3 }, 50_000)).toBe(true);
    expect(aliveAfter({ seq: 3 }, 62_001)).toBe(false);
    expect(aliveAfter({ startedAtMs: 6, seq: 0 }, 63_000)).toBe(true);
  });

  it.each([tenMinutesMs, -tenMinutesMs])('by %d ms empties no minute of a backend', (byMs) => {
    const fleet = new Fleet(0);
    const record = {
      id: 'gpu',
      kind: 'ollama',
      isEnabled: true,
      slots: 1,
      maxRequestsPerMinute: 9,
    };
    const counted = () => fleet.snapshot.backends[0]?.requestsThisMinute;
    fleet.foldBackend('gpu', record, 0);
    fleet.foldRate('gpu', { id: 'j', attemptNo: 1, estimatedTokens: 1 }, 1_000);
    fleet.shiftClock(byMs);
    fleet.advance(byMs + 60_000);
    expect(counted()).toBe(1);
    fleet.advance(byMs + 61_001);
    expect(counted()).toBe(0);
  });

  it.each([tenMinutesMs, -tenMinutesMs])('by %d ms leaves of a pause what was left', (byMs) => {
    const fleet = new Fleet(0);
    fleet.foldBackend('gpu', { id: 'gpu', kind: 'ollama', isEnabled: true, slots: 1 }, 0);
    fleet.foldBackend('cpu', { id: 'cpu', kind: 'ollama', isEnabled: true, slots: 1 }, 0);
    fleet.foldObservation({ backendId: 'gpu', failureCode: 'rate_limited' }, anHourMs);
    fleet.foldCooldown('cpu', anHourMs + 40_000);
    fleet.shiftClock(byMs);
    const untilMs = fleet.snapshot.backends.map(({ cooldownUntilMs }) => cooldownUntilMs);
    expect(untilMs).toEqual([anHourMs + 40_000 + Math.min(0, byMs), anHourMs + 30_000 + byMs]);
  });

  it.each([
    ['put back, it takes no longer', -tenMinutesMs, anHourMs - tenMinutesMs],
    ['put forward, it ends when it was said', tenMinutesMs, anHourMs],
  ])('follows a pause that the monitor shows: %s', (_name, byMs, untilMs) => {
    const fleet = new Fleet(0);
    fleet.foldBackend('gpu', { id: 'gpu', kind: 'ollama', isEnabled: true, slots: 1 }, 0);
    fleet.foldHealth('gpu', { cooldownUntilMs: anHourMs, checkedAtMs: 1 }, 1_000);
    fleet.shiftClock(byMs);
    const seenMs = () => fleet.snapshot.backends[0]?.cooldownUntilMs;
    expect(seenMs()).toBe(untilMs);
    fleet.foldHealth('gpu', { cooldownUntilMs: anHourMs, checkedAtMs: 2 }, 2_000 + byMs);
    expect(seenMs()).toBe(untilMs);
    fleet.foldHealth('gpu', { checkedAtMs: 3 }, 3_000 + byMs);
    expect(seenMs()).toBe(0);
  });

  it.each([tenMinutesMs, -tenMinutesMs])('by %d ms gives lost trials anew in time', (byMs) => {
    const fleet = new Fleet(0);
    const record = { id: 'gpu', kind: 'ollama', isEnabled: true, slots: 8 };
    fleet.foldBackend('gpu', { ...record, requestTimeoutMs: 10_000 }, 0);
    fleet.foldHealth('gpu', { breaker: 'halfOpen', breakerChangedAtMs: 1 }, 0);
    for (const inFlight of [1, 2, 3, 0]) fleet.foldDispatch('gpu', 'chat', inFlight);
    fleet.shiftClock(byMs);
    fleet.advance(byMs + 14_999);
    expect(fleet.snapshot.backends[0]?.slots).toBe(0);
    fleet.advance(byMs + 15_000);
    expect(fleet.snapshot.backends[0]?.slots).toBe(3);
  });

  it.each([tenMinutesMs, -tenMinutesMs])('by %d ms kills no executor', (byMs) => {
    const fleet = new Fleet(0);
    const record = { id: 'gpu', kind: 'ollama', isEnabled: true, slots: 1 };
    const isAlive = () => fleet.snapshot.backends[0]?.isAlive;
    fleet.foldBackend('gpu', record, 0);
    fleet.foldHeartbeat({ instanceId: 'e', backends: ['gpu'] }, 1_000);
    fleet.shiftClock(byMs);
    fleet.advance(byMs + 30_000);
    expect(isAlive()).toBe(true);
    fleet.advance(byMs + 31_001);
    expect(isAlive()).toBe(false);
  });
});
