import type { Bus, Delivery } from '@switchyard/bus';
import { encode } from '@switchyard/contracts';
import { noFaults, silentLog } from '@switchyard/domain';
import { noPreferences } from '@switchyard/routing';
import { noTracing } from '@switchyard/telemetry';
import { BodyCache } from './body-cache.js';
import { noMetrics, type RouterContext } from './context.js';
import { Intake } from './intake.js';
import type { RoutedJob } from './routed-job.js';
import { Stamps } from './stamps.js';

const defaults = { strategyFor: () => 'score', preferences: noPreferences, maxWaitMs: 60_000 };

function openIntake() {
  const waiting = new Map<string, RoutedJob>();
  const withdrawn: number[] = [];
  const bus = {} as Bus;
  const context: RouterContext = {
    bus,
    log: silentLog,
    metrics: noMetrics,
    tracing: noTracing,
    instanceId: 'one',
    defaults,
    queueCapacity: 10,
    now: () => 1_000,
    faultPoint: noFaults,
    heralds: [],
  };
  const intake = new Intake(context, new BodyCache(bus), new Stamps(defaults), {
    admit: (job) => void waiting.set(job.id, job),
    find: (jobId) => waiting.get(jobId),
    withdraw: (jobId) => {
      withdrawn.push(waiting.get(jobId)?.attemptNo ?? 0);
      waiting.delete(jobId);
    },
    read: () => undefined,
    coolDown() {},
  });
  return { intake, waiting, withdrawn };
}

const body = { model: 'm', messages: [{ role: 'user', content: 'Which track?' }] };

const deliveryOf = (stream: 'submit' | 'retry', seq: number, attemptNo?: number): Delivery => ({
  subject: `jobs.${stream}.normal.chat.a`,
  data: new TextEncoder().encode(
    encode({
      ...{ id: 'job', body },
      ...(attemptNo === undefined ? {} : { retry: { attemptNo } }),
    }),
  ),
  seq,
  deliveryCount: 1,
  storedAtMs: 1,
  receipt: `$JS.ACK.JOBS.router-normal.1.${seq}.${seq}.0.0`,
  header: () => undefined,
});

describe('Intake', () => {
  it('lets a retry take the place of the submission that still waits', async () => {
    const { intake, waiting, withdrawn } = openIntake();
    expect(await intake.take('JOBS', deliveryOf('submit', 1))).toEqual({ kind: 'hold' });
    expect(await intake.take('RETRIES', deliveryOf('retry', 1, 2))).toEqual({ kind: 'hold' });
    expect(waiting.get('job')?.attemptNo).toBe(2);
    expect(withdrawn).toEqual([1]);
  });

  it('acknowledges what comes after a later attempt of the same job', async () => {
    const { intake, waiting, withdrawn } = openIntake();
    expect(await intake.take('RETRIES', deliveryOf('retry', 1, 3))).toEqual({ kind: 'hold' });
    expect(await intake.take('RETRIES', deliveryOf('retry', 2, 2))).toEqual({ kind: 'done' });
    expect(await intake.take('JOBS', deliveryOf('submit', 1))).toEqual({ kind: 'done' });
    expect(waiting.get('job')?.attemptNo).toBe(3);
    expect(withdrawn).toEqual([]);
  });
});
