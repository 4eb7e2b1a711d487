import type { Delivery } from '@switchyard/bus';
import { encode, type WireCell } from '@switchyard/contracts';
import { type BackendDriver, type DriverEvent, DriverFailure } from '@switchyard/drivers';
import { AttemptRunner } from './attempt-runner.js';
import { contextBeside } from './testing/context-beside.js';

type Cell = WireCell & { readonly jobId: string };

/** A bus on which another executor takes the job over as soon as this one has claimed it. */
function takenOverBus() {
  const acknowledged: string[] = [];
  let held: { cell: Cell; seq: number } | undefined;
  const bus = {
    cells: {
      read: async () => held,
      write: async (cell: Cell, expectedSeq: number) => {
        if (expectedSeq !== (held?.seq ?? 0)) return { kind: 'refused', current: held } as const;
        const other = { ...cell, executorId: 'other', attemptNo: 2, updatedAtMs: 2 };
        held = { cell: other, seq: 2 };
        return { kind: 'written', seq: 1 } as const;
      },
    },
    settler: {
      confirm: async (receipt: string) => void acknowledged.push(receipt),
      renew() {},
    },
    publish: async () => ({ kind: 'stored', seq: 1, isDuplicate: false }),
    tell() {},
    emit() {},
    emitNear() {},
    sendDeferred() {},
  };
  return { acknowledged, bus };
}

const result: DriverEvent = {
  kind: 'result',
  body: {},
  usage: { inputTokens: 1, outputTokens: 1, basis: 'reported' },
  finishReason: 'stop',
  backendModel: 'm',
};

let calls = 0;

const driverOf = (events: BackendDriver['start']): BackendDriver => ({
  capabilities: { kinds: ['chat'], streamedKinds: [], cancels: true },
  check: () => Promise.reject(new Error('not asked')),
  start: (attempt, signal) => {
    calls += 1;
    return events(attempt, signal);
  },
  close: async () => {},
});

const answers = driverOf(async function* () {
  yield result;
});
/** Events that never come: the wait for the first one rejects. */
const without = (first: (signal: AbortSignal) => Promise<never>) =>
  driverOf((_attempt, signal) => ({
    [Symbol.asyncIterator]: () => ({ next: () => first(signal) }),
  }));
const fails = without(() => Promise.reject(new DriverFailure('upstream_error', 'broken')));
const hangs = without(
  (signal) =>
    new Promise((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason as Error));
    }),
);

const delivery: Delivery = {
  subject: 'dispatch.one.0',
  data: new TextEncoder().encode(
    encode({
      attemptNo: 1,
      backendId: 'one',
      slot: 0,
      job: { id: 'job', kind: 'chat', model: 'm', account: 'a', body: {} },
    }),
  ),
  seq: 7,
  deliveryCount: 1,
  storedAtMs: 1,
  receipt: 'receipt',
  header: () => undefined,
};

function start(driver: BackendDriver) {
  const { acknowledged, bus } = takenOverBus();
  const runner = new AttemptRunner(contextBeside(bus));
  const backend = { id: 'one', kind: 'openai-compatible', modelAliases: {}, tariff: {} };
  const held = { backend, driver, isLeaving: false } as never;
  return { acknowledged, runner, handled: runner.handle(delivery, held) };
}

/** The dispatch is the other executor's by now: acknowledged, the job would be nowhere with it. */
describe('an attempt whose job another executor took over leaves the dispatch alone', () => {
  beforeEach(() => {
    calls = 0;
  });
  afterEach(() => expect(calls).toBe(1));

  it.each([
    ['when it has its answer', answers],
    ['when it fails', fails],
  ])('%s', async (_when, driver) => {
    const { acknowledged, handled } = start(driver);
    expect(await handled).toEqual({ kind: 'hold' });
    expect(acknowledged).toEqual([]);
  });

  it('when it finds that at a renewal', async () => {
    const { acknowledged, runner, handled } = start(hangs);
    await new Promise((resolve) => setImmediate(resolve));
    runner.renew();
    expect(await handled).toEqual({ kind: 'hold' });
    expect(acknowledged).toEqual([]);
  });
});
