import { ClockJumps } from './clock-jumps.js';
import { Fleet } from './fleet.js';
import { toRoutedJob } from './to-routed-job.js';

const tenMinutesMs = 600_000;

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
