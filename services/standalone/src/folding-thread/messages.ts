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

/** What came of an ask: an answer, or why there is none. */
type Answered = { readonly text: string } | { readonly code: string; readonly message: string };

/**
 * What the thread says: it runs, what it counted or measures, what it answers and its answers, why
 * it could not start.
 */
export type FromThread =
  | { readonly kind: 'started' }
  | { readonly kind: 'answers'; readonly subject: string; readonly isAnswering: boolean }
  | ({ readonly kind: 'answered'; readonly no: number } & Answered)
  | { readonly kind: 'counted'; readonly args: Parameters<Metrics['count']> }
  | { readonly kind: 'measured'; readonly gauges: readonly GaugeState[] }
  | { readonly kind: 'failed'; readonly message: string };

/** What it is told: to answer, or to stop. */
export type ToThread =
  | {
      readonly kind: 'ask';
      readonly no: number;
      readonly subject: string;
      readonly text: string;
    }
  | { readonly kind: 'stop' };
