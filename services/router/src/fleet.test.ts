import type { WireBackend, WireHealth } from '@switchyard/contracts';
import { Fleet } from './fleet.js';

const record: WireBackend = {
  id: 'b',
  kind: 'ollama',
  isEnabled: true,
  slots: 8,
  requestTimeoutMs: 10_000,
};
const health = (breaker: string, breakerChangedAtMs = 1): WireHealth => ({
  backendId: 'b',
  status: 'healthy',
  breaker,
  breakerChangedAtMs,
});

describe('a backend behind a breaker, as decisions see it', () => {
  const open = (breaker: string) => {
    const fleet = new Fleet(0);
    fleet.foldBackend('b', record, 0);
    fleet.foldHealth('b', health(breaker), 0);
    const row = () => {
      const [{ breaker: seen, inFlight, slots } = { breaker: 'none', inFlight: 0, slots: 0 }] =
        fleet.snapshot.backends;
      return { breaker: seen, free: Math.max(0, slots - inFlight) };
    };
    return { fleet, row };
  };

  it.each([
    ['closed', 8],
    ['open', 8],
    ['halfOpen', 3],
    ['of_a_later_version', 8],
  ])('%s: %d more attempts', (breaker, free) => {
    const seen = breaker === 'of_a_later_version' ? 'closed' : breaker;
    expect(open(breaker).row()).toEqual({ breaker: seen, free });
  });

  it('takes three trials and no fourth, also once one of them has ended', () => {
    const { fleet, row } = open('halfOpen');
    for (const inFlight of [1, 2, 3]) fleet.foldDispatch('b', 'chat', inFlight);
    expect(row().free).toBe(0);
    fleet.foldInFlight('b', 2);
    fleet.foldObservation({ backendId: 'b', durationMs: 5 }, 1);
    fleet.foldHealth('b', { ...health('halfOpen'), checkedAtMs: 9 }, 2);
    expect(row().free).toBe(0);
    fleet.foldHealth('b', health('closed', 3), 3);
    expect(row()).toEqual({ breaker: 'closed', free: 6 });
  });

  it('takes three again where it is half open again, and where trials were lost', () => {
    const { fleet, row } = open('halfOpen');
    for (const inFlight of [1, 2, 3]) fleet.foldDispatch('b', 'chat', inFlight);
    fleet.foldInFlight('b', 0);
    fleet.advance(14_999);
    expect(row().free).toBe(0);
    fleet.advance(15_000);
    expect(row().free).toBe(3);
    for (const inFlight of [1, 2, 3]) fleet.foldDispatch('b', 'chat', inFlight);
    fleet.foldInFlight('b', 0);
    fleet.foldHealth('b', health('halfOpen', 7), 16_000);
    expect(row().free).toBe(3);
  });
});
