import { Worker } from 'node:worker_threads';
import { AppError } from '@switchyard/domain';
import { type FromThread, stopWord, type ThreadOptions } from './messages.js';
import { SaidGauges, type ThreadMetrics } from './thread-metrics.js';

/**
 * Starts task-tracker and cost-ledger in a thread with a connection of its own, so that a list over
 * a million rows, or the fold of a busy second, never holds up a request. Rejects where they cannot
 * start; a fault in them later is a fault of the process.
 */
export async function startFoldingThread(
  options: ThreadOptions,
  metrics: ThreadMetrics,
): Promise<{ stop(): Promise<void> }> {
  const thread = new Worker(new URL('./thread.js', import.meta.url), { workerData: options });
  const ended = new Promise<void>((resolve) => void thread.once('exit', () => resolve()));
  await started(thread, metrics).catch(async (cause: unknown) => {
    await thread.terminate();
    throw cause;
  });
  let isStopping = false;
  void ended.then(() => {
    if (!isStopping) throw new AppError('internal', 'the folding thread has ended');
  });
  return {
    async stop() {
      isStopping = true;
      thread.postMessage(stopWord);
      await ended;
    },
  };
}

function started(thread: Worker, metrics: ThreadMetrics): Promise<void> {
  const gauges = new SaidGauges(metrics);
  return new Promise((resolve, reject) => {
    const fail = (cause: Error) => reject(cause);
    const leave = () => reject(new AppError('internal', 'the folding thread ended as it started'));
    thread.once('error', fail);
    thread.once('exit', leave);
    thread.on('message', (message: FromThread) => {
      if (message.kind === 'counted') {
        metrics.count(...message.args);
        return;
      }
      if (message.kind === 'measured') {
        gauges.take(message.gauges);
        return;
      }
      if (message.kind === 'failed') reject(new AppError('unavailable', message.message));
      else resolve();
      // Without a listener, what goes wrong from here on reaches the process.
      thread.off('error', fail);
      thread.off('exit', leave);
    });
  });
}
