import { getPriority, setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import { Bus } from '@switchyard/bus';
import { faultSwitch } from '@switchyard/config';
import { AppError } from '@switchyard/domain';
import { startCostLedger } from '@switchyard/service-cost-ledger';
import { startTaskTracker } from '@switchyard/service-task-tracker';
import { createLogger } from '@switchyard/telemetry';
import type { FromThread, ThreadOptions } from './messages.js';
import { metricsOfThread } from './thread-metrics.js';

// The body of the thread that `startFoldingThread` starts.
const { natsUrl, config, instanceId } = workerData as ThreadOptions;
const log = createLogger({ ...config.log, service: 'switchyard', instanceId: `${process.pid}` });
const say = (message: FromThread) => parentPort?.postMessage(message);

/**
 * How far below the threads that a caller waits for, in steps of niceness: still a quarter of a
 * core where every one is busy.
 */
const nicenessBelow = 5;
const nicenessMax = 19;

// To Linux, 0 is the thread that asks; elsewhere it would be the whole process.
if (process.platform === 'linux') {
  try {
    setPriority(0, Math.min(nicenessMax, getPriority(0) + nicenessBelow));
  } catch (cause) {
    log.debug({ cause }, 'the folding thread runs with the priority of all others');
  }
}

try {
  const bus = await Bus.connect({ url: natsUrl, name: `${instanceId}-folds` });
  const metrics = metricsOfThread(say);
  const shell = { bus, config, log, metrics, instanceId, faultPoint: faultSwitch(config) };
  // Where there are budgets, the main thread writes the ledger.
  const ledger = startCostLedger({ ...shell, isWanted: (hasBudgets) => !hasBudgets });
  const folding = await Promise.all([startTaskTracker(shell), ledger]);
  parentPort?.once('message', async () => {
    await Promise.all(folding.map((service) => service.stop()));
    await bus.drain();
    parentPort?.close();
  });
  say({ kind: 'started' });
} catch (cause) {
  say({ kind: 'failed', message: AppError.from(cause).message });
}
