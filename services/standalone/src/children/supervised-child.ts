import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, open, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Log } from '@switchyard/domain';
import { StartError } from '../binaries/start-error.js';
import {
  type RunningChild,
  endChild,
  findLeftChild,
  forgetChild,
  lastLines,
  recordChild,
  waitUntilGone,
} from './left-child.js';

/** A program, its arguments and its environment; absent: ours. */
type ChildCommand = {
  readonly path: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string | undefined>>;
};

/** How a server process of ours is started and recognised. */
export type ChildPlan = {
  readonly name: string;
  /** Keeps `<name>.process.json` and `<name>.log`; belongs to one owner at a time. */
  readonly folder: string;
  /** How it is told to run; a left child with another fingerprint is ended and started anew. */
  readonly fingerprint: string;
  /** The program and its arguments, asked for only when it has to be started. */
  command(): Promise<ChildCommand>;
  /** Rejects where starting would be wrong, for example because its port is taken. */
  beforeSpawn(): Promise<void>;
  /** True once it serves. */
  isReady(): Promise<boolean>;
  readonly readyTimeoutMs: number;
  readonly log: Log;
};

/** A server process that is kept running until `stop`. */
export type SupervisedChild = {
  /** True where a former owner had left it running. */
  readonly adopted: boolean;
  /** Of the process running now; undefined between a death and the next start. */
  readonly pid: number | undefined;
  /** Ends it and waits until it is gone. May be called twice. */
  stop(): Promise<void>;
};

const lookEveryMs = 25;
const backoffMsMin = 200;
const backoffMsMax = 5_000;
/** A child that lived this long had started well: the next backoff begins at the minimum again. */
const settledAfterMs = 30_000;
const logBytesMax = 5 * 1024 * 1024;

/**
 * Starts a server process, or takes over the one that a killed owner left, and starts it again
 * whenever it dies.
 *
 * - It has a process group of its own: Ctrl-C in the terminal reaches us and not it, so that we can
 *   drain first.
 * - It writes to a file and not to a pipe of ours: it survives our death.
 * - Rejects when it does not serve in time; the message ends with its own last words.
 */
export async function superviseChild(plan: ChildPlan): Promise<SupervisedChild> {
  await mkdir(plan.folder, { recursive: true });
  const adopted = await adoptLeftChild(plan);
  const supervision = new Supervision(plan);
  supervision.keep(adopted ?? (await startChild(plan)));
  return {
    adopted: adopted !== undefined,
    get pid() {
      return supervision.pid;
    },
    stop: () => supervision.stop(),
  };
}

class Supervision {
  readonly #plan: ChildPlan;
  readonly #stopping = new AbortController();
  #running: RunningChild | undefined;
  #restarts: Promise<void> = Promise.resolve();
  #backoffMs = backoffMsMin;

  constructor(plan: ChildPlan) {
    this.#plan = plan;
  }

  get pid(): number | undefined {
    return this.#running?.identity.pid;
  }

  keep(running: RunningChild): void {
    const startedAtMs = Date.now();
    this.#running = running;
    this.#restarts = running.gone.then(async () => {
      this.#running = undefined;
      if (Date.now() - startedAtMs > settledAfterMs) this.#backoffMs = backoffMsMin;
      if (!this.#stopping.signal.aborted) await this.#restart(running);
    });
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    if (this.#running !== undefined) await endChild(this.#running);
    await this.#restarts;
    // A restart may have been under way when the order to stop came.
    if (this.#running !== undefined) await endChild(this.#running);
    await forgetChild(recordPath(this.#plan));
  }

  async #restart(died: RunningChild): Promise<void> {
    const { name, log } = this.#plan;
    const { signal } = this.#stopping;
    const fields = { name, pid: died.identity.pid, logFile: logPath(this.#plan) };
    log.error(fields, 'child process died; starting it again');
    while (!signal.aborted) {
      await delay(this.#backoffMs, undefined, { signal }).catch(() => {});
      if (signal.aborted) return;
      this.#backoffMs = Math.min(this.#backoffMs * 2, backoffMsMax);
      try {
        const running = await startChild(this.#plan);
        log.info({ name, pid: running.identity.pid }, 'child process runs again');
        return this.keep(running);
      } catch (caught) {
        log.error({ name, error: (caught as Error).message }, 'child process did not start');
      }
    }
  }
}

const recordPath = ({ folder, name }: ChildPlan) => join(folder, `${name}.process.json`);
const logPath = ({ folder, name }: ChildPlan) => join(folder, `${name}.log`);

/** The left child if it runs as we want it and serves; any other left child is ended first. */
async function adoptLeftChild(plan: ChildPlan): Promise<RunningChild | undefined> {
  const left = await findLeftChild(recordPath(plan));
  if (left === undefined) return undefined;
  const { name, log } = plan;
  const { pid } = left.identity;
  const running = { identity: left.identity, gone: waitUntilGone(left.identity) };
  if (left.fingerprint === plan.fingerprint && (await plan.isReady())) {
    log.info({ name, pid }, 'adopted the child process of a former start');
    return running;
  }
  log.warn(
    { name, pid },
    'ending the child process of a former start, which does not serve as it should',
  );
  await endChild(running);
  return undefined;
}

async function startChild(plan: ChildPlan): Promise<RunningChild> {
  const { path, args, env } = await plan.command();
  await plan.beforeSpawn();
  const { file, sizeBytes } = await openLog(logPath(plan));
  const child = spawn(path, args, { detached: true, stdio: ['ignore', file.fd, file.fd], env });
  const gone = once(child, 'exit').then(
    () => {},
    () => {},
  );
  await file.close();
  child.unref();
  const identity =
    child.pid === undefined
      ? undefined
      : await recordChild(recordPath(plan), child.pid, plan.fingerprint);
  if (identity !== undefined && (await becomesReady(plan, gone))) return { identity, gone };
  if (identity !== undefined) await endChild({ identity, gone });
  const words = await lastLines(logPath(plan), sizeBytes);
  throw new StartError(
    `${plan.name} (${path}) did not start${words === '' ? '' : `; it said:\n${words}`}`,
  );
}

/** False when it ends or does not serve in time. */
async function becomesReady(plan: ChildPlan, gone: Promise<void>): Promise<boolean> {
  const giveUpAtMs = Date.now() + plan.readyTimeoutMs;
  const ended = new AbortController();
  void gone.then(() => ended.abort());
  while (!ended.signal.aborted && Date.now() < giveUpAtMs) {
    if (await plan.isReady()) return true;
    await Promise.race([gone, delay(lookEveryMs)]);
  }
  return false;
}

/** Opens a log for appending; one that has grown large is set aside, one generation deep. */
async function openLog(path: string) {
  const sizeBytes = await stat(path).then(
    ({ size }) => size,
    () => 0,
  );
  const isLarge = sizeBytes > logBytesMax;
  if (isLarge) await rename(path, `${path}.1`);
  return { file: await open(path, 'a'), sizeBytes: isLarge ? 0 : sizeBytes };
}
