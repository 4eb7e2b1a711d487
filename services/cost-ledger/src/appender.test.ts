import { Bus } from '@switchyard/bus';
import { encode, streams, subjects, textOf } from '@switchyard/contracts';
import { type Booking, holdEntry } from '@switchyard/ledger';
import { startTestNats, type TestNats } from '@switchyard/testing';
import { Appender } from './appender.js';

const booking = (jobId: string): Booking => ({
  ...{ jobId, attemptNo: 1, account: 'a', backendId: 'cloud', model: 'm', kind: 'chat' },
  atMs: 1,
  entries: [holdEntry(1_000)],
});

describe('Appender', () => {
  let nats: TestNats;
  let bus: Bus;

  beforeEach(async () => {
    nats = await startTestNats();
    bus = await Bus.connect({ url: nats.url, name: 'ledger' });
    await bus.provision(Object.values(streams({ queueCapacity: 100 })), 1);
  });

  afterEach(async () => {
    await bus.drain();
    await nats.stop();
  });

  const ledger = async () =>
    (await bus.readSome('LEDGER', 1, 100)).map(
      ({ data }) => (JSON.parse(textOf(data)) as Booking).jobId,
    );

  it('stores what leaves without waiting in its order', async () => {
    const appender = new Appender(bus, 0, () => {});
    await Promise.all(['1', '2', '3', '4'].map((jobId) => appender.append(booking(jobId))));
    expect(await ledger()).toEqual(['1', '2', '3', '4']);
  });

  it('stores nothing behind the messages of another writer, however many they are', async () => {
    let lost = 0;
    const appender = new Appender(bus, 0, () => {
      lost += 1;
    });
    const others = ['other-1', 'other-2'];
    for (const jobId of others) await bus.publish(subjects.ledger('a'), encode(booking(jobId)));
    const own = ['1', '2', '3', '4', '5'].map((jobId) => appender.append(booking(jobId)));
    const settled = await Promise.allSettled(own);
    expect(settled.map(({ status }) => status)).toEqual(Array(5).fill('rejected'));
    expect(lost).toBe(1);
    expect(await ledger()).toEqual(others);
  });
});
