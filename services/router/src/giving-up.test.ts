import type { WireCell, WireJob } from '@switchyard/contracts';
import { noFaults, silentLog } from '@switchyard/domain';
import { noPreferences } from '@switchyard/routing';
import { noTracing } from '@switchyard/telemetry';
import { noMetrics, type RouterContext } from './context.js';
import { giveUp } from './giving-up.js';

/** Gives a job up and returns the cell that was written. */
async function cellOf(retry: WireJob['retry']) {
  let cell: WireCell = {};
  const bus = {
    publish: async () => ({ kind: 'stored' }),
    cells: {
      write: async (written: WireCell) => {
        cell = written;
        return { kind: 'written', seq: 1 };
      },
    },
    emit() {},
    tell() {},
  };
  const context: RouterContext = {
    bus: bus as unknown as RouterContext['bus'],
    log: silentLog,
    metrics: noMetrics,
    tracing: noTracing,
    instanceId: 'one',
    defaults: { strategyFor: () => 'score', preferences: noPreferences, maxWaitMs: 1_000 },
    queueCapacity: 10,
    now: () => 1,
    faultPoint: noFaults,
    heralds: [],
  };
  const job = { id: 'job', kind: 'chat', retry };
  await giveUp(context, { job, status: 'expired', code: 'deadline_exceeded', message: 'late' });
  return cell;
}

describe('giveUp', () => {
  it.each<[string, WireJob['retry'], number]>([
    ['that never ran', undefined, 0],
    ['that failed twice', { attemptNo: 3, attempts: [{ attemptNo: 1 }, { attemptNo: 2 }] }, 2],
    ['whose backends only asked it to wait', { attemptNo: 3, attempts: [] }, 2],
  ])('tells the number of the last attempt of a job %s', async (_what, retry, attemptNo) => {
    const cell = await cellOf(retry);
    expect([cell.attemptNo, cell.outcome?.attemptNo]).toEqual([attemptNo, attemptNo]);
  });
});
