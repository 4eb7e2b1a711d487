import { encode } from '@switchyard/contracts';
import { Fleet } from './fleet.js';
import { countRunning } from './running-rates.js';

const nowMs = 100_000;

/** A stream of dispatches as a router finds it that takes over. */
const busWith = (dispatches: Readonly<Record<string, object>>) => ({
  subjectsIn: async () => Object.fromEntries(Object.keys(dispatches).map((each) => [each, 1])),
  readLast: async (_stream: string, subject: string) => {
    const data = new TextEncoder().encode(encode(dispatches[subject] ?? {}));
    return { subject, data, seq: 1, contentType: undefined };
  },
});

describe('the minute of a backend, for a router that takes over', () => {
  it('has what runs there, once, and from when it was dispatched', async () => {
    const fleet = new Fleet(0);
    const record = { kind: 'ollama', isEnabled: true, slots: 9 };
    fleet.foldBackend('gpu', { ...record, id: 'gpu', maxRequestsPerMinute: 5 }, 0);
    fleet.foldBackend('free', { ...record, id: 'free' }, 0);
    const counts = () => {
      const row = fleet.snapshot.backends.find(({ id }) => id === 'gpu');
      return [row?.requestsThisMinute, row?.tokensThisMinute];
    };
    const job = (id: string) => ({ id, estimatedInputTokens: 10, maxOutputTokens: 90 });
    const bus = busWith({
      'dispatch.gpu.0': { job: job('a'), attemptNo: 1, dispatchedAtMs: nowMs - 30_000 },
      'dispatch.gpu.1': { job: job('b'), attemptNo: 2, dispatchedAtMs: nowMs + 600_000 },
      'dispatch.free.0': { job: job('c'), attemptNo: 1, dispatchedAtMs: nowMs },
    });
    await countRunning(bus, fleet, nowMs);
    await countRunning(bus, fleet, nowMs);
    expect(counts()).toEqual([2, 200]);
    const ended = { backendId: 'gpu', jobId: 'a', attemptNo: 1, inputTokens: 9, outputTokens: 1 };
    fleet.foldObservation(ended, nowMs);
    expect(counts()).toEqual([2, 110]);
    fleet.advance(nowMs + 30_001);
    expect(counts()).toEqual([1, 100]);
  });
});
