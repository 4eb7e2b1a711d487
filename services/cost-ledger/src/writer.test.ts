import type { Bus } from '@switchyard/bus';
import { noFaults, silentLog } from '@switchyard/domain';
import { Book, type HoldAsk } from '@switchyard/ledger';
import { Writer } from './writer.js';

const ask: HoldAsk = {
  ...{ jobId: 'job', attemptNo: 1, account: 'a', model: 'm', kind: 'chat' },
  quotes: [{ backendId: 'cloud', fixedUsdMicros: 100, perMtokOutputUsdMicros: 0 }],
};

/** A writer over a stream that stores when it is told to, and what tells it. */
function stalled() {
  const stream = { lastSeq: 0, store: () => {} };
  const stored = new Promise<object>((resolve) => {
    stream.store = () => {
      stream.lastSeq += 1;
      resolve({ kind: 'stored', seq: 1, isDuplicate: false });
    };
  });
  const bus = { publish: () => stored, streamState: async () => stream } as unknown as Bus;
  const deps = { bus, log: silentLog, now: () => 1, faultPoint: noFaults };
  const times = { sweepAfterMs: 0, abandonedAfterMs: 0 };
  const from = { book: new Book(), lastSeq: 0 };
  return { stream, writer: new Writer({ ...deps, ...times, mode: 'strict' }, from) };
}

describe('the writer, asked for the same hold again', () => {
  it('answers no sooner than the hold is stored', async () => {
    const { stream, writer } = stalled();
    const answered: string[] = [];
    const asks = ['once', 'again'].map((which) =>
      writer.hold(ask).then(() => answered.push(which)),
    );
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
    expect(answered).toEqual([]);
    stream.store();
    await Promise.all(asks);
    expect(answered).toEqual(['once', 'again']);
  });

  it('says nothing where another has written since: it may have ended the hold', async () => {
    const { stream, writer } = stalled();
    stream.store();
    await writer.hold(ask);
    stream.lastSeq += 1;
    await expect(writer.hold(ask)).rejects.toMatchObject({ code: 'unavailable' });
  });
});
