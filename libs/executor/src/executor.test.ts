import { Bus, type Delivery } from '@switchyard/bus';
import {
  decode,
  encode,
  patterns,
  streams,
  subjects,
  type WireHeartbeat,
} from '@switchyard/contracts';
import { type Backend, fixedBackends, noFaults, silentLog } from '@switchyard/domain';
import type { BackendDriver, CheckResult, DriverEvent } from '@switchyard/drivers';
import { noTracing } from '@switchyard/telemetry';
import { startTestNats, type TestNats } from '@switchyard/testing';
import { AttemptRunner } from './attempt-runner.js';
import { type ExecutorContext, noMetrics } from './context.js';
import { Executor } from './executor.js';

const specs = streams({ queueCapacity: 5 });
const { DISPATCH, ...others } = specs;

const backend: Backend = {
  id: 'gpu',
  kind: 'openai-compatible',
  endpointUrl: 'http://127.0.0.1:1/v1',
  class: 'local',
  priority: 1,
  weight: 1,
  isEnabled: true,
  supportedModels: [],
  modelAliases: {},
  maxConcurrentRequests: 2,
  requestTimeoutMs: 30_000,
  firstTokenTimeoutMs: 5_000,
  connectTimeoutMs: 1_000,
  expectedResponseTimeMs: 1_000,
  qualityScore: 1,
  tariff: {},
  tags: [],
  simulated: true,
  origin: 'configured',
  lastResort: false,
};

/** A driver that answers at once, and counts. */
class CountingDriver implements BackendDriver {
  readonly capabilities = { kinds: ['chat'], streams: true, cancels: true } as never;
  calls = 0;

  check(): Promise<CheckResult> {
    return Promise.resolve({
      kind: 'passed',
      durationMs: 1,
      catalogue: { models: [] },
      simulated: true,
    });
  }

  async *start(): AsyncIterable<DriverEvent> {
    this.calls += 1;
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

  const open = (makeDriver: () => BackendDriver) =>
    new Executor({
      ...context,
      service: 'executor-x',
      kind: 'openai-compatible',
      source: fixedBackends([backend]),
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
      const runner = new AttemptRunner(context);
      await Promise.all([
        runner.handle(deliveryOf(7, 1), hold(driver)),
        runner.handle(deliveryOf(7, 2), hold(driver)),
      ]);
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
