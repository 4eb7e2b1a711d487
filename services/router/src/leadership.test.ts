import { jest } from '@jest/globals';
import type { Bus, Lease } from '@switchyard/bus';
import { silentLog } from '@switchyard/domain';
import { Leadership } from './leadership.js';

const lease: Lease = { name: 'router', holder: 'one', seq: 1 };

/** A leadership whose leases a test plays, and what it was told to do. */
function leadershipOver(leases: object, gain: () => void = () => {}) {
  const calls: string[] = [];
  const leadership = new Leadership({
    bus: { leases } as unknown as Bus,
    role: 'router',
    holder: 'one',
    log: silentLog,
    onGain: async () => {
      calls.push('gained');
      gain();
    },
    onLose: async () => void calls.push('lost'),
  });
  return { leadership, calls };
}

describe('Leadership', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  it('takes over anew where its lease lapsed and came back to it', async () => {
    let isLapsed = false;
    const { leadership, calls } = leadershipOver({
      acquire: async () => lease,
      renew: async () => (isLapsed ? undefined : lease),
    });
    await leadership.start();
    await jest.advanceTimersByTimeAsync(1_000);
    expect(calls).toEqual(['gained']);
    isLapsed = true;
    await jest.advanceTimersByTimeAsync(1_000);
    expect(calls).toEqual(['gained', 'lost', 'gained']);
    expect(leadership.isLeading).toBe(true);
  });

  it('stands by where its lease lapsed after it had taken over in part', async () => {
    let isLapsed = false;
    const unlessLapsed = async () => (isLapsed ? undefined : lease);
    const { leadership, calls } = leadershipOver(
      { acquire: unlessLapsed, renew: unlessLapsed },
      () => {
        isLapsed = true;
        throw new Error('no answer');
      },
    );
    await leadership.start();
    await jest.advanceTimersByTimeAsync(3_000);
    expect(calls).toEqual(['gained', 'lost']);
    expect(leadership.isLeading).toBe(false);
  });
});
