import type { StoredMessage } from '@switchyard/bus';

/** A message as a stream keeps it. */
export type Kept = StoredMessage & {
  readonly headers: Readonly<Record<string, string>>;
  readonly storedAtMs: number;
};
