import type { Bus } from '@switchyard/bus';
import type { Log } from '@switchyard/domain';
import type { Cancellation } from './cancellation.js';
import type { DeadLetters } from './dead-letters.js';
import type { DoorRates } from './door-rates.js';
import type { BackendList } from './model-list.js';
import type { Results } from './outcome.js';
import type { Operators } from './operators.js';
import type { Patience } from './patience.js';
import type { Places } from './places.js';
import type { GatewaySettings } from './settings.js';
import type { RecentJobs } from './recent-jobs.js';
import type { Submission } from './submission.js';
import type { Tasks } from './tasks.js';
import type { Waiters } from './waiters.js';

/** What the doors share; made once by createGateway. */
export type GatewayServices = {
  readonly bus: Bus;
  readonly settings: GatewaySettings;
  readonly log: Log;
  readonly now: () => number;
  /** Aborted once the gateway stops: what only watches ends then. */
  readonly stopping: AbortSignal;
  readonly submission: Submission;
  readonly waiters: Waiters;
  readonly patience: Patience;
  readonly cancellation: Cancellation;
  readonly results: Results;
  readonly backends: BackendList;
  readonly recent: RecentJobs;
  readonly tasks: Tasks;
  readonly deadLetters: DeadLetters;
  readonly operators: Operators;
  readonly places: Places;
  /** undefined: nothing is limited. */
  readonly rates: DoorRates;
};
