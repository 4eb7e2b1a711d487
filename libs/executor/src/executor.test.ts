import { Bus, type Delivery } from '@switchyard/bus';
import {
  decode,
  encode,
  patterns,
  streams,
  subjects,
  type WireCell,
  type WireHeartbeat,
} from '@switchyard/contracts';
import { type Backend, fixedBackends, noFaults, silentLog } from '@switchyard/domain';
import type { BackendDriver, CheckResult, DriverEvent } from '@switchyard/drivers';
import { noTracing } from '@switchyard/telemetry';
import { startTestNats, type TestNats } from '@switchyard/testing';
import { makeBackend } from '@switchyard/testing/builders';
import { AttemptRunner } from './attempt-runner.js';
import { type ExecutorContext, noMetrics } from './context.js';
import { Executor } from './executor.js';

const specs = streams({ queueCapacity: 5 });
const { DISPATCH, ...others } = specs;

const backend = makeBackend({ id: 'gpu', maxConcurrentRequests: 2 });

/** A driver that answers at once, and counts. */
class CountingDriver implements BackendDriver {
  readonly #models: readonly string[];

  readonly capabilities = { kinds: ['chat'], streams: true, cancels: true } as never;
  calls = 0;
  /** Resolves before a call is answered. */
  until: Promise<void> = Promise.resolve();

  constructor(models: readonly string[] = []) {
    this.#models = models;
  }

  check(): Promise<CheckResult> {
    const models = this.#models.map((id) => ({ id, kinds: ['chat'] as const }));
    return Promise.resolve({
      kind: 'passed',
      durationMs: 1,
      catalogue: { models },
      simulated: true,
    });
  }

  async *start(): AsyncIterable<DriverEvent> {
    this.calls += 1;
    await this.until;
    const usage = { inputTokens: 1, outputTokens: 1, basis: 'reported' } as const;
    const body = { choices: [] };
    yield { kind: 'result', body, usage, finishReason: 'stop', backendModel: 'm' };
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

describe('an executor', () => {
  let nats: TestNats;
  let bus: Bus;
  let context: ExecutorContext;

  beforeEach(async () => {
    nats = await startTestNats();
    bus = await Bus.connect({ url: nats.url, name: 'test' });
    context = {
      bus,
      log: silentLog,
      metrics: noMetrics,
      tracing: noTracing,
      executorId: 'executor-1',
      retry: { attemptsMax: 3, delaysMs: [] },
      ackWaitMs: 1_000,
      installationId: 'i',
      now: () => 1,
      faultPoint: noFaults,
    };
  });
  afterEach(async () => {
    await bus.drain(100);
    await nats.stop();
  });

  const until = (isMet: () => boolean) =>
    new Promise<void>((resolve) => {
      const look = () => (isMet() ? resolve() : setTimeout(look, 5));
      look();
    });

  const open = (makeDriver: () => BackendDriver, served = backend) =>
    new Executor({
      ...context,
      service: 'executor-x',
      kind: 'openai-compatible',
      source: fixedBackends([served]),
      makeDriver,
      drainGraceMs: 100,
    });

  it('serves a backend as soon as it can, and names it only then', async () => {
    await bus.provision(Object.values(others), 1);
    const named: (readonly string[] | undefined)[] = [];
    bus.listen(patterns.heartbeats, (_subject, data) => {
      named.push(decode<WireHeartbeat>(data).backends);
    });
    const executor = open(() => new CountingDriver());
    await executor.start();
    await until(() => named.length > 0);
    expect(named).toEqual([[]]);
    expect(executor.slots).toBe(0);
    await bus.provision([DISPATCH], 1);
    await until(() => named.length > 1);
    expect(named[1]).toEqual(['gpu']);
    expect(executor.slots).toBe(2);
    await executor.stop();
  });

  it('tries again where its driver cannot be made', async () => {
    await bus.provision(Object.values(specs), 1);
    let tries = 0;
    const executor = open(() => {
      tries += 1;
      if (tries === 1) throw new Error('no driver today');
      return new CountingDriver();
    });
    await executor.start();
    expect([tries, executor.slots]).toEqual([1, 0]);
    await until(() => executor.slots > 0);
    await executor.stop();
  });

  describe('given a job at its own door', () => {
    const job = {
      account: 'team',
      kind: 'chat',
      priority: 5,
      body: { model: 'm', messages: [{ role: 'user', content: 'hi' }] },
    };
    let executor: Executor;

    const serve = async (driver: CountingDriver, changes: Partial<Backend> = {}) => {
      await bus.provision(Object.values(specs), 1);
      executor = open(() => driver, { ...backend, ...changes });
      await executor.start();
    };
    afterEach(() => executor.stop());

    it('runs it at once, past the router, and writes its cell', async () => {
      await serve(new CountingDriver(['m']));
      const { jobId, backendId } = await executor.send(job);
      expect(backendId).toBe('gpu');
      let cell: WireCell | undefined;
      while (cell?.status !== 'succeeded') cell = (await bus.cells.read(jobId))?.cell;
      expect(cell).toMatchObject({ account: 'team', executorId: 'executor-1', backendId: 'gpu' });
    });

    it('takes no more than it has slots, and nothing that costs money or is not there', async () => {
      const driver = new CountingDriver(['m']);
      let answer = () => {};
      driver.until = new Promise((resolve) => {
        answer = resolve;
      });
      await serve(driver);
      await executor.send(job);
      await executor.send(job);
      await expect(executor.send(job)).rejects.toMatchObject({ code: 'queue_full' });
      const other = { ...job, body: { ...job.body, model: 'x' } };
      await expect(executor.send(other)).rejects.toMatchObject({ code: 'not_found' });
      const media = { ...job, kind: 'image' };
      await expect(executor.send(media)).rejects.toMatchObject({ code: 'invalid_request' });
      answer();
    });

    it('leaves what costs money to the router, which holds some', async () => {
      await serve(new CountingDriver(['m']), { tariff: { perMtokInputUsdMicros: 5 } });
      await expect(executor.send(job)).rejects.toMatchObject({ code: 'conflict' });
    });
  });

  describe('handed a dispatch twice', () => {
    const dispatch = {
      attemptNo: 1,
      backendId: 'gpu',
      slot: 0,
      job: { id: 'j', kind: 'chat', account: 'default', model: 'm', body: {} },
    };
    const deliveryOf = (seq: number, deliveryCount: number): Delivery => ({
      subject: subjects.dispatch('gpu', 0),
      data: new TextEncoder().encode(encode(dispatch)),
      seq,
      deliveryCount,
      storedAtMs: 1,
      receipt: `receipt.${deliveryCount}`,
      header: () => undefined,
    });
    const hold = (driver: object) => ({
      backend,
      driver: driver as BackendDriver,
      isLeaving: false,
    });

    beforeEach(() => bus.provision(Object.values(specs), 1));

    it('takes no attempt over from itself', async () => {
      const driver = new CountingDriver();
      let answer = () => {};
      driver.until = new Promise((resolve) => {
        answer = resolve;
      });
      const runner = new AttemptRunner(context);
      const first = runner.handle(deliveryOf(7, 1), hold(driver));
      const second = runner.handle(deliveryOf(7, 2), hold(driver));
      await Promise.race([second, until(() => driver.calls === 2)]);
      answer();
      await Promise.all([first, second]);
      expect(driver.calls).toBe(1);
      const { cell } = (await bus.cells.read('j')) ?? {};
      expect(cell).toMatchObject({ status: 'succeeded', attemptNo: 1 });
    });

    it('leaves what runs elsewhere alone, until that executor lets it come a second time', async () => {
      const elsewhere = { status: 'running', attemptNo: 1, executorId: 'executor-2' } as const;
      await bus.cells.write({ jobId: 'j', ...elsewhere, backendId: 'gpu', dispatchSeq: 7 }, 0);
      const driver = new CountingDriver();
      const runner = new AttemptRunner(context);
      await runner.handle(deliveryOf(7, 1), hold(driver));
      expect(driver.calls).toBe(0);
      expect((await bus.cells.read('j'))?.cell).toMatchObject(elsewhere);
      await runner.handle(deliveryOf(7, 2), hold(driver));
      expect(driver.calls).toBe(1);
      expect((await bus.cells.read('j'))?.cell).toMatchObject({
        status: 'succeeded',
        attemptNo: 2,
      });
    });
  });
});
