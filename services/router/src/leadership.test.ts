import { jest } from '@jest/globals';
import type { Bus, Lease } from '@switchyard/bus';
import { silentLog } from '@switchyard/domain';
import { Leadership } from './leadership.js';

describe('Leadership', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  it('takes over anew where its lease lapsed and came back to it', async () => {
    const lease: Lease = { name: 'router', holder: 'one', seq: 1 };
    let isLapsed = false;
    const leases = {
      acquire: async () => lease,
      renew: async () => (isLapsed ? undefined : lease),
    };
    const calls: string[] = [];
    const leadership = new Leadership({
      bus: { leases } as unknown as Bus,
      role: 'router',
      holder: 'one',
      log: silentLog,
      onGain: async () => void calls.push('gained'),
      onLose: async () => void calls.push('lost'),
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
    const lease: Lease = { name: 'router', holder: 'one', seq: 1 };
    let isLapsed = false;
    const leases = {
      acquire: async () => (isLapsed ? undefined : lease),
      renew: async () => (isLapsed ? undefined : lease),
    };
    const calls: string[] = [];
    const leadership = new Leadership({
      bus: { leases } as unknown as Bus,
      role: 'router',
      holder: 'one',
      log: silentLog,
      onGain: async () => {
        calls.push('gained');
        isLapsed = true;
        throw new Error('no answer');
      },
      onLose: async () => void calls.push('lost'),
    });
    await leadership.start();
    await jest.advanceTimersByTimeAsync(3_000);
    expect(calls).toEqual(['gained', 'lost']);
    expect(leadership.isLeading).toBe(false);
  });
});
