import type { Config } from '@switchyard/config';
import type { Metrics } from '@switchyard/telemetry';

/** What the thread is started with. */
export type ThreadOptions = {
  readonly natsUrl: string;
  readonly config: Config;
  readonly instanceId: string;
};

/** A gauge as it stands. */
export type GaugeState = {
  readonly name: Parameters<Metrics['gauge']>[0];
  readonly values: readonly (readonly [readonly string[], number])[];
};

/** What the thread says: it runs, what it counted or measures, why it could not start. */
export type FromThread =
  | { readonly kind: 'started' }
  | { readonly kind: 'counted'; readonly args: Parameters<Metrics['count']> }
  | { readonly kind: 'measured'; readonly gauges: readonly GaugeState[] }
  | { readonly kind: 'failed'; readonly message: string };

/** All that it is ever told. */
export const stopWord = 'stop';
