// What simulations of this folder are driven by, and how they print.
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

export const parts = {
  makeRoom: () => new WaitingRoom(),
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

/** Prints one line: what was aimed at, what came out. */
export function goal(what, limit, measured, isReached = measured <= limit) {
  console.log(
    `${isReached ? 'reached' : 'MISSED '}  ${what}: ${measured.toFixed(3)} (goal ${limit})`,
  );
}
