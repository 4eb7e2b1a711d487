import { open, readFile, rm } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { replaceFile } from './exclusive-file.js';
import { type ProcessIdentity, identifyProcess, isAlive } from './process-identity.js';

/**
 * What is kept about a child while it runs, so that the next start can tell it from any other
 * process.
 */
export type ChildRecord = {
  readonly identity: ProcessIdentity;
  /** How it was told to run; a child told otherwise than we would tell it now is not taken over. */
  readonly fingerprint: string;
};

/**
 * A process that a former owner left running, or one of ours: known by who it is, not by being our
 * child.
 */
export type RunningChild = { readonly identity: ProcessIdentity; readonly gone: Promise<void> };

/** A child that ignores the order to end is killed after this time. */
const endTimeoutMs = 5_000;
const lookEveryMs = 250;

/** Writes the record of a process that runs now. */
export async function recordChild(
  path: string,
  pid: number,
  fingerprint: string,
): Promise<ProcessIdentity | undefined> {
  const identity = await identifyProcess(pid);
  if (identity !== undefined) await replaceFile(path, JSON.stringify({ identity, fingerprint }));
  return identity;
}

/**
 * The recorded child, if that very process still runs here; an unreadable record counts as none.
 */
export async function findLeftChild(path: string): Promise<ChildRecord | undefined> {
  const text = await readFile(path, 'utf8').catch(() => '');
  try {
    const { identity, fingerprint } = JSON.parse(text) as ChildRecord;
    const now = await identifyProcess(identity.pid);
    const isSamePlace = now !== undefined && now.where === identity.where;
    return isSamePlace && (await isAlive(identity)) ? { identity, fingerprint } : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Watches a process that is not our child until it is gone; does not keep our own process running.
 */
export async function waitUntilGone(identity: ProcessIdentity): Promise<void> {
  while (await isAlive(identity)) await delay(lookEveryMs, undefined, { ref: false });
}

/** Asks a process to end, waits for it, and kills it if it is still there after 5 s. */
export async function endChild({ identity, gone }: RunningChild): Promise<void> {
  if (!(await isAlive(identity))) return;
  sendSignal(identity.pid, 'SIGTERM');
  const timeout = new AbortController();
  const isLate = await Promise.race([
    gone.then(() => false),
    delay(endTimeoutMs, true, { signal: timeout.signal }).catch(() => false),
  ]);
  timeout.abort();
  if (!isLate) return;
  sendSignal(identity.pid, 'SIGKILL');
  await Promise.race([gone, delay(endTimeoutMs)]);
}

/** Forgets a child that is gone. */
export const forgetChild = (path: string): Promise<void> => rm(path, { force: true });

/** The last lines of a log, from `fromByte` on; empty if it cannot be read. */
export async function lastLines(path: string, fromByte: number, count = 8): Promise<string> {
  const file = await open(path).catch(() => undefined);
  if (file === undefined) return '';
  try {
    const { size } = await file.stat();
    const start = Math.max(fromByte, size - 8_192);
    const buffer = Buffer.alloc(Math.max(0, size - start));
    await file.read(buffer, 0, buffer.length, start);
    return buffer.toString().trim().split('\n').slice(-count).join('\n');
  } finally {
    await file.close();
  }
}

function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // Already gone: that is what was asked for.
  }
}
