import { setTimeout as delay } from 'node:timers/promises';
import { AppError } from '@switchyard/domain';

/** How a step that a cluster cannot take yet is repeated. */
export type Patience = {
  /** What is being made, as a person would name it. */
  readonly what: string;
  /** @default 60 s */
  readonly patienceMs?: number;
  /** Told once, when the first try failed. */
  readonly onWait?: (message: string) => void;
};

const patienceMsDefault = 60_000;
const againFirstMs = 250;
const againLastMs = 2_000;
/**
 * What JetStream answers while its servers look for each other, vote or move streams: cluster
 * incomplete, no suitable peers, not active, not assigned, not available, not leader, offline
 * (nats-server 2.15.1).
 */
const passingCodes = new Set([10004, 10005, 10006, 10007, 10008, 10009, 10118]);
const passingNames = new Set(['TimeoutError', 'NoResponders']);

/**
 * Takes a step that may be repeated, again and again while the cluster is not ready for it. Throws
 * AppError `unavailable` once patience is over, and at once what does not pass by itself.
 */
export async function withPatience<Result>(
  step: () => Promise<Result>,
  { what, patienceMs = patienceMsDefault, onWait }: Patience,
): Promise<Result> {
  const endMonoMs = performance.now() + patienceMs;
  for (let againMs = againFirstMs; ; againMs = Math.min(2 * againMs, againLastMs)) {
    try {
      return await step();
    } catch (cause) {
      if (!isPassing(cause)) throw cause;
      const said = (cause as Error).message;
      if (againMs === againFirstMs) onWait?.(`${what} cannot be made yet (${said}): trying again`);
      if (performance.now() + againMs > endMonoMs) {
        throw new AppError(
          'unavailable',
          `${what} could not be made within ${Math.round(patienceMs / 1_000)} s: NATS says ` +
            `"${said}". A cluster makes streams once most of its servers see each other: look at ` +
            '"nats server report jetstream", and at nats.replicas',
          { cause },
        );
      }
      await delay(againMs);
    }
  }
}

function isPassing(cause: unknown): boolean {
  const { name, code, cause: inner } = cause as Error & { code?: number; cause?: unknown };
  if (passingNames.has(name) || (code !== undefined && passingCodes.has(code))) return true;
  return inner instanceof Error && isPassing(inner);
}
