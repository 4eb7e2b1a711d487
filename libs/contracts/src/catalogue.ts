import { type JobEventName, jobEventNames, subjects } from './subjects.js';

/** One event: who tells it, on which subject and stream, and in which message. */
export type EventSpec = {
  readonly name: string;
  readonly subject: string;
  readonly stream: 'EVENTS' | 'BACKEND_EVENTS';
  readonly message: 'JobEvent' | 'DecisionRecord' | 'Observation' | 'CheckReport';
  readonly owner: string;
  readonly when: string;
};

const told: Readonly<Record<JobEventName, { owner: string; when: string }>> = {
  queued: { owner: 'router', when: 'a job waits because no slot was free when it came' },
  decided: { owner: 'router', when: 'a job was routed, with everything the decision read' },
  retried: { owner: 'executor, task-tracker', when: 'an attempt ended and another will follow' },
  rejected: {
    owner: 'router',
    when: 'a message on the NATS door was no job, or no backend could ever take it',
  },
  dead: { owner: 'whoever gives a job up', when: 'its dead letter is written' },
};

/** Every event on the bus. */
export const events: readonly EventSpec[] = [
  ...jobEventNames.map(
    (name): EventSpec => ({
      name,
      subject: subjects.jobEvent(name),
      stream: 'EVENTS',
      message: name === 'decided' ? 'DecisionRecord' : 'JobEvent',
      ...told[name],
    }),
  ),
  {
    name: 'observed',
    subject: subjects.observed,
    stream: 'BACKEND_EVENTS',
    message: 'Observation',
    owner: 'executor',
    when: 'an attempt ended, well or not',
  },
  {
    name: 'checked',
    subject: subjects.checked,
    stream: 'BACKEND_EVENTS',
    message: 'CheckReport',
    owner: 'executor',
    when: 'a backend was asked whether it is there',
  },
];
