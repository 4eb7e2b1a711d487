import type { StreamConfig } from '@nats-io/jetstream';
import type { StreamSpec } from '@switchyard/contracts';

const nanosOf = (durationMs: number) => durationMs * 1e6;

/** A stream spec in NATS's own words; durations in nanoseconds. */
export const toStreamConfig = (
  spec: StreamSpec,
  replicas: number,
): Partial<StreamConfig> & { name: string } => ({
  name: spec.name,
  subjects: [...spec.subjects],
  retention: spec.retention,
  storage: spec.storage,
  discard: spec.discard,
  max_msgs: spec.maxMessages ?? -1,
  max_msgs_per_subject: spec.maxMessagesPerSubject ?? -1,
  discard_new_per_subject: spec.isDiscardNewPerSubject ?? false,
  max_bytes: spec.maxBytes ?? -1,
  max_age: nanosOf(spec.maxAgeMs ?? 0),
  duplicate_window: nanosOf(spec.duplicateWindowMs),
  allow_msg_ttl: spec.allowsMessageTtl ?? false,
  allow_direct: true,
  num_replicas: replicas,
  description: spec.why,
});

/** What may be changed on a living stream (nats-server 2.15.1). */
const updatable = [
  'subjects',
  'discard',
  'max_msgs',
  'max_msgs_per_subject',
  'discard_new_per_subject',
  'max_bytes',
  'max_age',
  'duplicate_window',
  'allow_direct',
  'num_replicas',
  'description',
] as const;
const fixed = ['retention', 'storage', 'allow_msg_ttl'] as const;

/**
 * How a living stream differs from its spec: what an update mends, and what only a new stream
 * would.
 */
export type StreamDiff = {
  readonly updates: readonly string[];
  readonly refusals: readonly string[];
};

/** Compares a living stream's configuration with the wanted one. */
export function diffStream(have: Partial<StreamConfig>, want: Partial<StreamConfig>): StreamDiff {
  const differs = (key: keyof StreamConfig) =>
    JSON.stringify(have[key] ?? false) !== JSON.stringify(want[key] ?? false);
  return {
    updates: updatable.filter(differs),
    refusals: fixed
      .filter(differs)
      .map((key) => `${want.name}.${key} is ${String(have[key])}, needed ${String(want[key])}`),
  };
}
