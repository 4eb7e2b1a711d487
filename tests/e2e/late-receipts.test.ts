import { encode, subjects, type WireCell } from '@switchyard/contracts';
import { readAndVerify } from '@switchyard/service-cli';
import { type FakeBackend, startFakeOpenAi, startTestNats } from '@switchyard/testing';
import { noTracing } from '@switchyard/telemetry';
import { foldLedger } from './ledger-reading.js';
import { startLedger } from './ledger-yard.js';
import { Started } from './started.js';
import {
  chatJob,
  eventually,
  openClient,
  startExecutor,
  startRouter,
  testBackend,
} from './yard.js';

const priceUsdMicros = 100;

let fake: FakeBackend;
let client: Awaited<ReturnType<typeof openClient>>;
const started = new Started();
afterEach(() => started.stop());

async function open(tariff: object, delayMs: number, ackWaitMs: number): Promise<void> {
  const { url } = started.keep(await startTestNats());
  const faults = { all: { kind: 'slow', delayMs } } as const;
  fake = started.keep(await startFakeOpenAi({ models: ['fake-model'], faults }));
  const { router } = started.keep(await startRouter(url));
  const backends = [testBackend('paid', fake.url, { tariff, class: 'remote' })];
  started.keep(await startExecutor(url, backends, 'one', noTracing, ackWaitMs));
  client = await openClient(url);
  started.keep({ stop: client.close });
  await eventually(() => expect(router.backends).toHaveLength(1));
  started.keep(await startLedger(url));
}

/** The cell of a job as another executor leaves it: it took the job over and ended it. */
function endedElsewhere(cell: WireCell & { readonly jobId: string }): typeof cell {
  const cost = { usdMicros: String(priceUsdMicros), basis: 'fixed' };
  const second = { attemptNo: 2, backendId: 'paid', executorId: 'other', cost };
  const failure = { code: 'executor_lost', message: 'the executor that ran this attempt died' };
  const unknown = { usdMicros: '0', basis: 'unknown' };
  const first = { attemptNo: 1, backendId: 'paid', executorId: cell.executorId, failure };
  return {
    ...cell,
    ...{ status: 'succeeded', attemptNo: 2, executorId: 'other' },
    attempts: [{ ...first, cost: unknown }, second],
    outcome: { ...second, status: 'succeeded' },
  };
}

async function takeOver(jobId: string, calls: number): Promise<void> {
  await fake.until(({ running }) => running === calls, 10_000);
  const read = await client.bus.cells.read(jobId);
  const written = await client.bus.cells.write(
    endedElsewhere({ ...read?.cell, jobId }),
    read?.seq ?? 0,
  );
  expect(written.kind).toBe('written');
}

const verified = async () => readAndVerify(client.bus, { nowMs: Date.now() + 120_000 });
const entriesOf = async () =>
  (await foldLedger(client.bus)).bookings.flatMap(({ attemptNo, basis, entries }) =>
    entries.map(({ type, spentUsdMicros }) => [attemptNo, type, spentUsdMicros, basis]),
  );

describe('an attempt whose job went on without it', () => {
  it('is waste of what its call cost, once; the ledger is what the receipts say', async () => {
    await open({ perJobUsdMicros: priceUsdMicros }, 1_000, 60_000);
    await client.submit(chatJob('job'));
    await takeOver('job', 1);
    const expected = [
      [1, 'waste', 0, 'unknown'],
      [2, 'post', priceUsdMicros, 'fixed'],
      [1, 'waste', priceUsdMicros, 'fixed'],
    ];
    await eventually(async () => expect(await entriesOf()).toEqual(expected));
    const found = await verified();
    expect(found).toMatchObject({ isRight: true, looked: { lateReceipts: 1 } });
    expect(found.receipted.usdMicros).toBe(fake.counts.completed * priceUsdMicros + priceUsdMicros);
    // Whoever stores it again is refused.
    const subject = subjects.lateReceipt('job', 1);
    const again = await client.bus.publish(subject, encode({}), { expectedSeq: 0 });
    expect(again.kind).not.toBe('stored');
  });

  it('is flagged where it was cut off and nobody knows what is billed', async () => {
    await open({ perMtokOutputUsdMicros: 1_000_000 }, 20_000, 2_000);
    await client.submit(chatJob('job'));
    await takeOver('job', 1);
    // Its executor reads the cell at the next renewal, and stops the call.
    const unknown = [1, 'waste', 0, 'unknown'];
    const post = [2, 'post', priceUsdMicros, 'fixed'];
    await eventually(async () => expect(await entriesOf()).toEqual([unknown, post, unknown]));
    expect(await verified()).toMatchObject({ isRight: true, unpriced: 2 });
    expect(fake.counts.completed).toBe(0);
  });
});
