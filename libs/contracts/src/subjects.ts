import { InvariantError, isToken, type PriorityClass } from '@switchyard/domain';

/**
 * The one place that spells subjects. Every id is checked before it becomes a token, so no subject
 * can be widened by what a caller sent.
 */
const token = (value: string): string => {
  if (!isToken(value)) throw new InvariantError('not a subject token');
  return value;
};

/** Every subject, built from checked tokens. */
export const subjects = {
  submit: (priority: PriorityClass, kind: string, account: string) =>
    `jobs.submit.${priority}.${token(kind)}.${token(account)}`,
  retry: (priority: PriorityClass, kind: string, account: string) =>
    `jobs.retry.${priority}.${token(kind)}.${token(account)}`,
  dispatch: (backendId: string, slot: number) => `dispatch.${token(backendId)}.${slot}`,
  state: (jobId: string) => `state.${token(jobId)}`,
  blob: (jobId: string, attemptNo: number) => `results.blob.${token(jobId)}.${attemptNo}`,
  result: (jobId: string) => `results.${token(jobId)}`,
  chunks: (jobId: string, attemptNo: number) => `stream.${token(jobId)}.${attemptNo}`,
  jobEvent: (event: JobEventName) => `events.job.${event}`,
  observed: 'events.backend.observed',
  checked: 'events.backend.checked',
  /** How good an answer of a backend was, told to every router. */
  rated: (backendId: string) => `rated.${token(backendId)}`,
  ledger: (account: string) => `ledger.${token(account)}`,
  /** What an attempt cost that ended after its job had gone on without it. */
  lateReceipt: (jobId: string, attemptNo: number) => `receipts.${token(jobId)}.${attemptNo}`,
  dead: (jobId: string) => `dead.${token(jobId)}`,
  /** `parts`: what it is about, from the general to the particular, then which occurrence. */
  alert: (parts: readonly string[]) => `alerts.${parts.map(token).join('.')}`,
  heartbeat: (service: string, instanceId: string) =>
    `heartbeat.${token(service)}.${token(instanceId)}`,
  slotFree: (backendId: string, slot: number) => `slot.free.${token(backendId)}.${slot}`,
  /** A streamed attempt gave its first token; told only where its dispatch asks for it. */
  firstToken: (backendId: string) => `slot.first.${token(backendId)}`,
  cancel: (jobId: string) => `cancel.${token(jobId)}`,
  rpc: (service: string, verb: string) => `rpc.${token(service)}.${token(verb)}`,
} as const;

/** The same subjects as patterns for those who listen. */
export const patterns = {
  submitClass: (priority: PriorityClass) => `jobs.submit.${priority}.*.*`,
  retries: 'jobs.retry.>',
  allDispatches: 'dispatch.>',
  dispatches: (backendId: string) => `dispatch.${token(backendId)}.*`,
  results: 'results.*',
  chunksOf: (jobId: string) => `stream.${token(jobId)}.*`,
  slotsFree: 'slot.free.*.*',
  firstTokens: 'slot.first.*',
  ratings: 'rated.*',
  heartbeats: 'heartbeat.>',
  cancels: 'cancel.*',
  alerts: 'alerts.>',
  ledger: 'ledger.*',
} as const;

/** Facts about jobs that are told beside the state cell. */
export const jobEventNames = ['queued', 'decided', 'retried', 'rejected', 'dead'] as const;
export type JobEventName = (typeof jobEventNames)[number];

/**
 * Parts of `jobs.submit.<priority>.<kind>.<account>` or `jobs.retry...`; undefined where it is
 * neither.
 */
export function parseJobSubject(subject: string) {
  const [jobs, door, priority, kind, account, rest] = subject.split('.');
  if (jobs !== 'jobs' || (door !== 'submit' && door !== 'retry') || rest !== undefined)
    return undefined;
  if (!priority || !isToken(kind) || !isToken(account)) return undefined;
  return { door, priority, kind, account } as const;
}

/** The id of an alert: its subject behind `alerts.`. */
export const alertIdOf = (subject: string): string => subject.slice('alerts.'.length);

/** The last token of a subject. */
export const lastToken = (subject: string): string => subject.slice(subject.lastIndexOf('.') + 1);

/**
 * Any text as a token: itself where it is one, else its letters and a hash of the whole, so that
 * two texts hardly ever share a token.
 */
export function toToken(text: string): string {
  const isOne: boolean = isToken(text);
  if (isOne) return text;
  let hash = 0xcbf29ce484222325n;
  for (const byte of new TextEncoder().encode(text))
    hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  const letters = text.replaceAll(/[^A-Za-z0-9_-]+/g, '_').slice(0, 40);
  return `${letters}-${hash.toString(36)}`;
}
