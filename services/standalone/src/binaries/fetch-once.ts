import { setTimeout as delay } from 'node:timers/promises';
import { claimFolder } from '../children/folder-claim.js';
import { StartError } from './start-error.js';

/**
 * Longest wait for another process that fetches the same thing; a slow link needs minutes for 20
 * MB.
 */
const waitMsMax = 10 * 60_000;
const lookEveryMs = 100;

/**
 * Runs `work` while no other process works in the same folder.
 *
 * - Waits for a live holder; one that died is succeeded at once.
 * - Refusal: StartError when the holder is still at it after ten minutes.
 */
export async function withFolderToOneself<T>(folder: string, work: () => Promise<T>): Promise<T> {
  const giveUpAtMs = Date.now() + waitMsMax;
  for (;;) {
    const claim = await claimFolder(folder);
    if (claim.kind === 'claimed') return work().finally(() => claim.release());
    if (Date.now() > giveUpAtMs) {
      throw new StartError(
        `Process ${claim.by.pid} has been filling ${folder} for ten minutes. ` +
          'Stop it and start again.',
      );
    }
    await delay(lookEveryMs);
  }
}
