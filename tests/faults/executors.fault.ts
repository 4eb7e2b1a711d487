import { dispatchAckWaitMs } from '@switchyard/contracts';
import { startTcpProxy, startTestNats } from '@switchyard/testing';
import { nothingLost, quantile, tellRow } from './fault-table.js';
import { configFor, configOf, pause, quickRetry } from './oracle.js';
import type { ServiceProcess } from './processes.js';
import { Scene } from './scene.js';

const rowTimeoutMs = 300_000;
/** Longer than any takeover takes, so that whoever runs a job at the fault still runs it then. */
const longMs = 25_000;
/** What the attempts after the fault meet. */
const quick = { all: { kind: 'slow', delayMs: 200 } } as const;

describe('executors', () => {
  let scene: Scene;
  beforeEach(() => {
    scene = new Scene();
  });
  afterEach(() => scene.close());

  /** When each job that was taken over ran again, after the fault. */
  const takeovers = (faultAtMs: number) =>
    scene.oracle.runs
      .filter(({ attemptNo }) => attemptNo > 1)
      .map(({ startedAtMs }) => startedAtMs - faultAtMs);

  it(
    'row 1: one of three is killed while 1,000 jobs run',
    async () => {
      const fake = await scene.fake({ faults: { all: { kind: 'slow', delayMs: longMs } } });
      await scene.open(configFor(fake.url, 1_000), [{}, {}, {}]);
      await scene.oracle.submit(1_000);
      await fake.until(({ running }) => running === 1_000, 20_000);
      const faultAtMs = Date.now();
      await scene.executors[0]?.kill9();
      await fake.set(quick);
      const count = await scene.oracle.count(90_000);
      const again = takeovers(faultAtMs);
      const recoveryMs = quantile(again, 0.95);
      tellRow('1', 'kill -9 of one of three executors, 1,000 jobs running', count, {
        recoveryMs,
        figures: { 'jobs of the killed one': again.length },
        seen: 'recovery of 95 % of them',
      });
      expect(count).toMatchObject({ ...nothingLost, byStatus: { succeeded: 1_000 } });
      expect(again.length).toBeGreaterThan(100);
      expect(recoveryMs).toBeLessThanOrEqual(dispatchAckWaitMs + 2_000);
    },
    rowTimeoutMs,
  );

  it(
    'row 2: all are killed and started again',
    async () => {
      const fake = await scene.fake({ faults: { all: { kind: 'slow', delayMs: longMs } } });
      await scene.open(configFor(fake.url, 300), [{}, {}]);
      await scene.oracle.submit(300);
      await fake.until(({ running }) => running === 300, 20_000);
      const faultAtMs = Date.now();
      await Promise.all(scene.executors.map((executor) => executor.kill9()));
      await fake.set(quick);
      await scene.executor();
      const count = await scene.oracle.count(90_000);
      const recoveryMs = quantile(takeovers(faultAtMs), 0.95);
      tellRow('2', 'kill -9 of all executors, one started again', count, { recoveryMs });
      expect(count).toMatchObject({ ...nothingLost, byStatus: { succeeded: 300 } });
      expect(recoveryMs).toBeLessThanOrEqual(dispatchAckWaitMs + 4_000);
    },
    rowTimeoutMs,
  );

  it(
    'row 5: one is cut off from NATS for longer than its deliveries last',
    async () => {
      const nats = await startTestNats();
      const proxy = await startTcpProxy(nats.port);
      scene.atEnd(() => proxy.stop());
      const fake = await scene.fake({ faults: { all: { kind: 'slow', delayMs: 14_000 } } });
      const behind = { natsUrl: `nats://127.0.0.1:${proxy.port}` };
      await scene.open(configFor(fake.url, 100), [behind, {}], nats);
      const { oracle } = scene;
      await oracle.submit(100);
      await fake.until(({ running }) => running === 100, 20_000);
      // Attempts that take over end while the others still wait, and cannot hear of it: what those
      // write then arrives with the end of the cut, behind an outcome that is there already.
      await fake.set(quick);
      const faultAtMs = Date.now();
      proxy.stall();
      await pause(dispatchAckWaitMs + 6_000);
      const endedBefore = oracle.ended;
      proxy.heal();
      const count = await oracle.count(60_000);
      // What the one that was cut off has written was answered by then.
      await pause(2_000);
      const again = takeovers(faultAtMs);
      const recoveryMs = quantile(again, 0.95);
      const later = await oracle.count(0);
      tellRow('5', 'executor cut off from NATS for 16 s, then healed', later, {
        recoveryMs,
        figures: { 'attempts superseded': again.length, 'ended before it healed': endedBefore },
      });
      expect(count).toMatchObject({ ...nothingLost, byStatus: { succeeded: 100 } });
      expect(later).toMatchObject(nothingLost);
      expect(again.length).toBeGreaterThan(10);
    },
    rowTimeoutMs,
  );

  it(
    'row 18: a job kills every executor that runs it',
    async () => {
      const fake = await scene.fake({ faults: { all: { kind: 'slow', delayMs: 300 } } });
      await scene.open(configFor(fake.url, 20));
      let executor = scene.executors[0];
      const { oracle } = scene;
      await oracle.submit(1, 'poison', {
        body: { model: 'fake-model', messages: [{ role: 'user', content: 'poison' }] },
      });
      let runs = 0;
      for (; runs < 10; runs += 1) {
        const isRunning = () =>
          oracle.runs.filter(({ jobId }) => jobId === 'poison-0').length > runs;
        while (!isRunning() && oracle.endedAtMs('poison-0') === 0) await pause(20);
        if (oracle.endedAtMs('poison-0') > 0) break;
        await executor?.kill9();
        executor = await scene.executor();
        await oracle.submit(20, `beside-${runs}`);
      }
      const count = await oracle.count(60_000);
      const dead = (await oracle.client.bus.streamState('DEAD')).messages;
      const figures = { runs, 'dead letters': dead };
      tellRow('18', 'poison job: whoever runs it is killed', count, { figures });
      expect(count).toMatchObject({ ...nothingLost, byStatus: { failed: 1, succeeded: 60 } });
      expect({ runs, dead }).toEqual({ runs: 3, dead: 1 });
    },
    rowTimeoutMs,
  );

  it(
    'row 19: one of two is stopped in order under load',
    async () => {
      const fake = await scene.fake({ faults: { all: { kind: 'slow', delayMs: 2_000 } } });
      await scene.open(configFor(fake.url, 200), [{}, {}]);
      const { oracle } = scene;
      const load = oracle.load(60, 10_000);
      await fake.until(({ running }) => running >= 100, 20_000);
      const exit = await stopTimed(scene.executors[0]);
      const router = await stopTimed(scene.service('router'));
      await scene.processes.start('router');
      await load;
      const count = await oracle.count(30_000);
      const { calls, aborted } = fake.counts;
      const figures = {
        'exit of the executor ms': exit.tookMs,
        'exit of the router ms': router.tookMs,
        'calls cut off': aborted,
      };
      tellRow('19', 'SIGTERM to an executor and to the router under load', count, { figures });
      expect(count).toMatchObject({ ...nothingLost, byStatus: { succeeded: count.accepted } });
      // An attempt that a stop ends is free: only its call shows that there was one more.
      expect({ calls, aborted }).toEqual({ calls: count.accepted, aborted: 0 });
      expect([exit.code, router.code]).toEqual([0, 0]);
      expect(exit.tookMs).toBeLessThan(25_000);
    },
    rowTimeoutMs,
  );

  it(
    'row 19.1: one of two is stopped while jobs run that take longer than it may',
    async () => {
      const long = { kind: 'slow', delayMs: 40_000 } as const;
      const at = Object.fromEntries(Array.from({ length: 20 }, (_, no) => [no, long]));
      const fake = await scene.fake({ faults: { at, ...quick } });
      await scene.open(configFor(fake.url, 20), [{}, {}]);
      const { oracle } = scene;
      await oracle.submit(20);
      await fake.until(({ running }) => running === 20, 20_000);
      const exit = await stopTimed(scene.executors[0]);
      const goneAtMs = Date.now();
      const count = await oracle.count(60_000);
      const again = oracle.runs.slice(20).map(({ startedAtMs }) => startedAtMs - goneAtMs);
      const figures = {
        'exit of the executor ms': exit.tookMs,
        'jobs handed on': again.length,
        'running again ms after its exit': Math.max(...again),
      };
      tellRow('19.1', 'SIGTERM to an executor whose jobs take 40 s', count, { figures });
      expect(count).toMatchObject({ ...nothingLost, byStatus: { succeeded: 20 } });
      expect(exit.code).toBe(0);
      expect(exit.tookMs).toBeLessThan(28_000);
      expect(again.length).toBeGreaterThan(0);
      expect(fake.counts).toMatchObject({ calls: 20 + again.length, aborted: again.length });
      expect(Math.max(...again)).toBeLessThanOrEqual(2_000);
    },
    rowTimeoutMs,
  );

  it(
    'row 20: the clocks of two executors are ten minutes off',
    async () => {
      const failing = { kind: 'status', status: 500 } as const;
      const full = { kind: 'rateLimited', retryAfter: '1' } as const;
      const all = { kind: 'slow', delayMs: 50 } as const;
      const calls = Array.from({ length: 12 }, (_, no) => 5 + no * 6);
      const isFull = (_: number, no: number) => no % 4 === 3;
      const fullAt = calls.filter(isFull).map((call) => [call, full] as const);
      const failingAt = calls.map((call) => [call, failing] as const);
      // One alone fails: a job that met three failures by chance would be at its end.
      const fakes = [
        await scene.fake({ faults: { all, at: Object.fromEntries([...failingAt, ...fullAt]) } }),
        await scene.fake({ faults: { all, at: Object.fromEntries(fullAt) } }),
      ];
      const backends = fakes.map(({ url }, no) => ({ id: `b${no}`, url, slots: 20 }));
      await scene.open(configOf(backends, quickRetry), [
        { clockOffMs: 600_000 },
        { clockOffMs: -600_000 },
        {},
      ]);
      const { oracle } = scene;
      // What a wrong clock would end at once, or never: deadlines, retries, waits that were asked.
      await oracle.submit(300, 'job', { deadlineAtMs: Date.now() + 300_000 });
      const count = await oracle.count(60_000);
      const again = oracle.runs.filter(({ attemptNo }) => attemptNo > 1).length;
      tellRow('20', 'clocks of two executors 10 minutes ahead and behind', count, {
        figures: { 'attempts after a failure': again },
      });
      expect(count).toMatchObject({ ...nothingLost, byStatus: { succeeded: 300 } });
      // Whatever failed was tried again.
      expect(again).toBeGreaterThanOrEqual(12);
      expect(again).toBeLessThanOrEqual(15);
    },
    rowTimeoutMs,
  );

  it(
    'row 22: one stands still for 40 s',
    async () => {
      const fake = await scene.fake({ faults: { all: { kind: 'slow', delayMs: 8_000 } } });
      await scene.open(configFor(fake.url, 60), [{}, {}]);
      const { oracle } = scene;
      await oracle.submit(60);
      await fake.until(({ running }) => running === 60, 20_000);
      const faultAtMs = Date.now();
      scene.executors[0]?.signal('SIGSTOP');
      await pause(40_000);
      scene.executors[0]?.signal('SIGCONT');
      await pause(3_000);
      const count = await oracle.count(30_000);
      const recoveryMs = quantile(takeovers(faultAtMs), 0.95);
      tellRow('22', 'an executor stands still for 40 s (SIGSTOP), then goes on', count, {
        recoveryMs,
      });
      expect(count).toMatchObject({ ...nothingLost, byStatus: { succeeded: 60 } });
    },
    rowTimeoutMs,
  );
});

/** SIGTERM, and how it ended. */
async function stopTimed(
  process: ServiceProcess | undefined,
): Promise<{ readonly code: number | string | undefined; readonly tookMs: number }> {
  const atMonoMs = performance.now();
  const code = await process?.stop();
  return { code, tookMs: performance.now() - atMonoMs };
}
