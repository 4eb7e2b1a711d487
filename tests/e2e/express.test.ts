import { Bus } from '@switchyard/bus';
import {
  buckets,
  decode,
  encode,
  type ReadJob,
  subjects,
  type WireBackend,
  type WireDispatch,
} from '@switchyard/contracts';
import { startTestNats, type TestNats } from '@switchyard/testing';
import { eventually, startRouter } from './yard.js';

const job = (id: string): ReadJob => ({
  id,
  kind: 'chat',
  account: 'default',
  priority: 5,
  model: 'm',
  dialect: 'openai.chat',
  submittedAtMs: Date.now(),
  body: { model: 'm', messages: [] },
});
const record: WireBackend = {
  id: 'gpu',
  kind: 'openai-compatible',
  isEnabled: true,
  supportedModels: ['m'],
  slots: 1,
};

/** A herald that notes what it is told. */
function noting() {
  const told: string[] = [];
  return {
    told,
    announce({ job: announced }: WireDispatch) {
      told.push(`announced ${announced?.id}`);
      return { withdraw: async () => void told.push(`withdrawn ${announced?.id}`) };
    },
  };
}

describe('a job offered to the router of its process', () => {
  let nats: TestNats;
  let client: Bus;
  let herald: ReturnType<typeof noting>;
  let started: Awaited<ReturnType<typeof startRouter>>;

  beforeEach(async () => {
    nats = await startTestNats();
    herald = noting();
    started = await startRouter(nats.url, { heralds: [herald] });
    client = await Bus.connect({ url: nats.url, name: 'client' });
    await (await client.keyValues<WireBackend>(buckets.backends.name)).put('gpu', record);
    const beat = { instanceId: 'e', service: 'executor', state: 'active', backends: ['gpu'] };
    client.emit(subjects.heartbeat('executor', 'e'), encode(beat));
    await client.flush();
    await started.bus.flush();
    await eventually(() => expect(started.router.backends).toHaveLength(1));
  });
  afterEach(async () => {
    await client.drain();
    await started.stop();
    await nats.stop();
  });

  const offer = (id: string) => started.router.express.offer(job(id), encode(job(id)), undefined);
  const dispatched = async () => {
    const message = await client.readLast('DISPATCH', subjects.dispatch('gpu', 0));
    return message && decode<WireDispatch>(message.data).job?.id;
  };

  it('is stored in a free slot alone, and announced to the executor there', async () => {
    expect(await offer('a')).toBe('stored');
    expect(await dispatched()).toBe('a');
    expect((await client.streamState('JOBS')).lastSeq).toBe(0);
    expect(herald.told).toEqual(['announced a']);
  });

  it('is declined where no slot is free, and nothing is announced', async () => {
    await offer('a');
    expect(await offer('b')).toBe('declined');
    expect(herald.told).toEqual(['announced a']);
  });

  it('is declined, and what was prepared undone, where the server has another in the slot', async () => {
    const other = encode({ dispatchId: 'x', job: job('stranger'), backendId: 'gpu', slot: 0 });
    await client.publish(subjects.dispatch('gpu', 0), other);
    expect(await offer('a')).toBe('declined');
    expect(herald.told).toEqual(['announced a', 'withdrawn a']);
    expect(await dispatched()).toBe('stranger');
  });

  it('is not announced where it has a key, or a second executor may get it', async () => {
    const keyed = { ...job('k'), idempotencyKey: 'once' };
    await started.router.express.offer(keyed, encode(keyed), undefined);
    expect(await dispatched()).toBe('k');
    expect(herald.told).toEqual([]);
  });
});
