import { jest } from '@jest/globals';
import type { Bus, Lease } from '@switchyard/bus';
import { silentLog } from '@switchyard/domain';
import { Leadership } from './leadership.js';

const lease: Lease = { name: 'router', holder: 'one', seq: 1 };

/** A leadership whose leases a test plays, and what it was told to do. */
function leadershipOver(leases: object, gain: () => void | Promise<void> = () => {}) {
  const calls: string[] = [];
  const leadership = new Leadership({
    bus: { leases } as unknown as Bus,
    role: 'router',
    holder: 'one',
    log: silentLog,
    onGain: async () => {
      calls.push('gained');
      await gain();
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

  it('keeps its lease while taking over takes longer than that', async () => {
    let renewals = 0;
    const renew = async () => {
      renewals += 1;
      return lease;
    };
    let isReady = false;
    const slowly = () => new Promise<void>((resolve) => setTimeout(resolve, 9_000));
    const { leadership, calls } = leadershipOver({ acquire: async () => lease, renew }, slowly);
    void leadership.start().then(() => (isReady = true));
    await jest.advanceTimersByTimeAsync(8_500);
    expect({ renewals, calls, isReady }).toEqual({
      renewals: 8,
      calls: ['gained'],
      isReady: false,
    });
    // The connection was lost and came back meanwhile: once it is done, and not beside it.
    leadership.takeOverAgain();
    await jest.advanceTimersByTimeAsync(400);
    expect(calls).toEqual(['gained']);
    await jest.advanceTimersByTimeAsync(1_100);
    expect({ calls, isReady }).toEqual({ calls: ['gained', 'gained'], isReady: true });
  });

  it('takes over to the end before it stands by or stops', async () => {
    let isLapsed = false;
    const unlessLapsed = async () => (isLapsed ? undefined : lease);
    const order: string[] = [];
    const slowly = () =>
      new Promise<void>((resolve) => setTimeout(resolve, 5_000)).then(() => void order.push('has'));
    const leases = { acquire: unlessLapsed, renew: unlessLapsed, release: async () => {} };
    const { leadership, calls } = leadershipOver(leases, slowly);
    void leadership.start();
    await jest.advanceTimersByTimeAsync(0);
    isLapsed = true;
    await jest.advanceTimersByTimeAsync(4_500);
    expect({ order, calls }).toEqual({ order: [], calls: ['gained'] });
    await jest.advanceTimersByTimeAsync(500);
    expect({ order, calls }).toEqual({ order: ['has'], calls: ['gained', 'lost'] });
    isLapsed = false;
    await jest.advanceTimersByTimeAsync(1_000);
    const stopped = leadership.stop();
    expect(calls).toEqual(['gained', 'lost', 'gained']);
    await jest.advanceTimersByTimeAsync(5_000);
    await stopped;
    expect({ order, calls }).toEqual({
      order: ['has', 'has'],
      calls: ['gained', 'lost', 'gained', 'lost'],
    });
  });
});
