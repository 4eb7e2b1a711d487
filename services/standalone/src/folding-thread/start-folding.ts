import { CostLedger } from '@switchyard/service-cost-ledger';
import type { Shell } from '../services.js';
import { startFoldingThread } from './start-folding-thread.js';

/**
 * Starts what folds streams: in its thread, but for the writer of the ledger where there are
 * budgets. A job under a budget waits for its hold, and a hold that is asked for in the same thread
 * is as far away as the server's acknowledgement, without two threads to wake on the way.
 */
export async function startFolding(
  shell: Shell,
  natsUrl: string,
): Promise<{ stop(): Promise<void> }> {
  const { config, instanceId, metrics } = shell;
  const ledger = new CostLedger({
    ...shell,
    instanceId: `${instanceId}-holds`,
    isWanted: (hasBudgets) => hasBudgets,
  });
  const thread = await startFoldingThread({ natsUrl, config, instanceId }, metrics);
  await ledger.start();
  return {
    async stop() {
      await Promise.all([ledger.stop(), thread.stop()]);
    },
  };
}
