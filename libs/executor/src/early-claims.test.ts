import { Bus, RefusedError } from '@switchyard/bus';
import { encode, streams, type WireDispatch } from '@switchyard/contracts';
import { startTestNats, type TestNats } from '@switchyard/testing';
import type { ExecutorContext } from './context.js';
import { EarlyClaims } from './early-claims.js';
import { contextBeside } from './testing/context-beside.js';

const dispatch: WireDispatch = {
  dispatchId: 'router-1-a',
  job: { id: 'j', kind: 'chat', account: 'default', model: 'm' },
  attemptNo: 1,
  backendId: 'gpu',
  slot: 0,
};
const bytes = (of: object) => new TextEncoder().encode(encode(of));

describe('a claim made before its dispatch is stored', () => {
  let nats: TestNats;
  let bus: Bus;
  let claims: EarlyClaims;
  let context: ExecutorContext;

  beforeEach(async () => {
    nats = await startTestNats();
    bus = await Bus.connect({ url: nats.url, name: 'test' });
    await bus.provision(Object.values(streams({ queueCapacity: 5 })), 1);
    context = contextBeside(bus);
    claims = new EarlyClaims(context);
  });
  afterEach(async () => {
    await bus.drain(100);
    await nats.stop();
  });

  it('is the running cell of the delivered dispatch', async () => {
    claims.announce(dispatch);
    const taken = claims.take(bytes(dispatch), 7);
    const claimed = await taken?.claimed;
    expect(claimed).toMatchObject({ kind: 'run', cell: { jobId: 'j', dispatchSeq: 7 } });
    const read = await bus.cells.read('j');
    expect(read?.cell).toMatchObject({ status: 'running', dispatchId: 'router-1-a' });
    expect(claims.take(bytes(dispatch), 7)).toBeUndefined();
  });

  it('is nobody else’s, whatever the dispatch says later on', async () => {
    const announced = claims.announce(dispatch);
    const other = { ...dispatch, dispatchId: 'router-2-a' };
    expect(claims.take(bytes(other), 8)).toBeUndefined();
    expect(claims.take(bytes({ job: other.job, dispatchId: 'router-1-a' }), 8)).toBeUndefined();
    expect(claims.take(new Uint8Array(), 8)).toBeUndefined();
    await announced.withdraw();
  });

  it('gives way to a cell that is there: a job cancelled before it ran', async () => {
    await bus.cells.write({ jobId: 'j', status: 'canceled' }, 0);
    claims.announce(dispatch);
    expect(await claims.take(bytes(dispatch), 7)?.claimed).toBeUndefined();
    expect((await bus.cells.read('j'))?.cell.status).toBe('canceled');
  });

  it('leaves a job as new when it is withdrawn', async () => {
    const announced = claims.announce(dispatch);
    await announced.withdraw();
    const read = await bus.cells.read('j');
    expect(read?.cell).toEqual({
      jobId: 'j',
      kind: 'chat',
      account: 'default',
      model: 'm',
      status: 'submitted',
      updatedAtMs: 1,
    });
    expect(claims.take(bytes(dispatch), 7)).toBeUndefined();
  });

  it('is withdrawn at once where the server refuses to store anything', async () => {
    const write = () => Promise.reject(new RefusedError('insufficient resources'));
    const full = { ...context, bus: { cells: { write } } as unknown as Bus };
    const announced = new EarlyClaims(full).announce(dispatch);
    expect(await announced.withdraw()).toBeUndefined();
  });

  it('cannot be withdrawn once its dispatch was delivered after all', async () => {
    const announced = claims.announce(dispatch);
    await claims.take(bytes(dispatch), 7)?.claimed;
    await announced.withdraw();
    expect((await bus.cells.read('j'))?.cell.status).toBe('running');
  });
});
