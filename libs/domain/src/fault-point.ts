/**
 * Places between two steps of a job's life where a test may stop the process. Off unless a test
 * sets one: the default does nothing. Each name says what has just happened.
 */
export const faultPoints = [
  'gateway.submitting',
  'gateway.submitted',
  'router.held',
  'router.dispatched',
  'router.acknowledged',
  'executor.claimedEarly',
  'executor.claimed',
  'executor.called',
  'executor.outcomeWritten',
  'executor.retryingWritten',
  'executor.retryPublished',
  'tracker.retryingWritten',
  'tracker.retryPublished',
  'ledger.held',
  'ledger.settled',
] as const;
export type FaultPoint = (typeof faultPoints)[number];

/** Called at each fault point; returns at once unless the process is to stop there. */
export type ReachFaultPoint = (point: FaultPoint) => void;

/** Stops nowhere: what every process gets that no test wants to stop. */
export const noFaults: ReachFaultPoint = () => {};
