import {
  advanceBreaker,
  closedBreaker,
  defaultBreakerSettings,
  foldAttempt,
  foldAttemptOutcome,
  foldCheck,
  foldCheckOutcome,
  mayEject,
  neverChecked,
} from '@switchyard/health';
import { afterFailure, WaitingRoom } from '@switchyard/jobs';
import type { ProductionParts, SimulatedJob } from '@switchyard/routing/simulator';

/** The rooms of production that a simulation is driven by. */
export const productionParts: ProductionParts<typeof neverChecked> = {
  makeRoom: () => new WaitingRoom<SimulatedJob>(),
  afterFailure,
  neverChecked,
  foldAttempt,
  foldCheck,
  closedBreaker,
  defaultBreakerSettings,
  advanceBreaker,
  foldAttemptOutcome,
  foldCheckOutcome,
  mayEject,
};
