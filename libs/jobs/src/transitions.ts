/**
 * The life of a job as one table: which state may follow which, and on what event.
 * `none` is a job whose cell does not exist: waiting or dispatched.
 */
export type JobState =
  | 'none'
  | 'submitted'
  | 'running'
  | 'retrying'
  | 'succeeded'
  | 'failed'
  | 'canceled'
  | 'expired';

/**
 * What can happen to a job, as the table below names it. `withdraw`: it was claimed for a dispatch
 * that then was not stored. `retry`: its attempt ended, or nobody was left to begin it.
 */
export type JobEvent =
  | 'submit'
  | 'start'
  | 'takeOver'
  | 'withdraw'
  | 'retry'
  | 'succeed'
  | 'fail'
  | 'cancel'
  | 'expire';

/** The states that a job never leaves. */
export const terminalStates = ['succeeded', 'failed', 'canceled', 'expired'] as const;

/** True for a state that never changes again. */
export const isTerminalState = (state: string | undefined): boolean =>
  (terminalStates as readonly (string | undefined)[]).includes(state);

/** From each state, the events that may happen and where they lead. What is not here is refused. */
export const transitions: Readonly<Record<JobState, Partial<Record<JobEvent, JobState>>>> = {
  none: {
    submit: 'submitted',
    start: 'running',
    retry: 'retrying',
    fail: 'failed',
    cancel: 'canceled',
    expire: 'expired',
  },
  submitted: {
    start: 'running',
    retry: 'retrying',
    fail: 'failed',
    cancel: 'canceled',
    expire: 'expired',
  },
  running: {
    takeOver: 'running',
    withdraw: 'submitted',
    retry: 'retrying',
    succeed: 'succeeded',
    fail: 'failed',
    cancel: 'canceled',
    expire: 'expired',
  },
  retrying: {
    start: 'running',
    retry: 'retrying',
    fail: 'failed',
    cancel: 'canceled',
    expire: 'expired',
  },
  succeeded: {},
  failed: {},
  canceled: {},
  expired: {},
};

/** The state after an event, or undefined where the event is refused in this state. */
export const next = (state: JobState, event: JobEvent): JobState | undefined =>
  transitions[state][event];
