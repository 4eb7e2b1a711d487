import { type PriorityClass, priorityClasses } from '@switchyard/domain';

/** What the order of the waiting room reads of a job. */
export type WaitingJob = {
  readonly id: string;
  readonly account: string;
  readonly priorityClass: PriorityClass;
  /** 0 to 10. */
  readonly priority: number;
  /** Submission order; a retry keeps that of its submission. */
  readonly seq: number;
  readonly submittedAtMs: number;
  /** Unix ms; Infinity where there is none. */
  readonly deadlineAtMs: number;
  /** Jobs of one group can run on the same backends, so that where one must wait, all must. */
  readonly group: string;
  /** Not handed out before this instant; 0 where it never waits. */
  notBeforeMs: number;
};

/** Ageing: one numeric priority for every minute of waiting, at most three. */
export const ageing = { stepMs: 60_000, stepsMax: 3 } as const;

/** The class's place in line: 0 is served first. */
export const classRank: Readonly<Record<PriorityClass, number>> = {
  high: priorityClasses.indexOf('high'),
  normal: priorityClasses.indexOf('normal'),
  low: priorityClasses.indexOf('low'),
};
