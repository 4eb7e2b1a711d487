import type { Settler } from '@switchyard/bus';
import { waitingAckWaitMs } from '@switchyard/contracts';
import type { RoutedJob } from './routed-job.js';

/** Renewals a second at most, so that a full room stays a murmur to the server. */
const perSecondMax = 450;
/** Jobs that arrive within this long are due together. */
const togetherMs = 1_000;

/** Jobs whose renewals are due from one instant on. */
type Due = { readonly atMs: number; readonly jobIds: string[] };

/**
 * Keeps the deliveries of waiting jobs ours: each is renewed at a third of its ack wait, in order
 * of arrival. Its clock is one that is never put forward or back: a job that is renewed ten minutes
 * late is handed out anew.
 */
export class Renewals {
  readonly #settler: Settler;
  readonly #find: (jobId: string) => RoutedJob | undefined;
  readonly #line: Due[] = [];

  constructor(settler: Settler, find: (jobId: string) => RoutedJob | undefined) {
    this.#settler = settler;
    this.#find = find;
  }

  add(jobId: string, nowMs: number): void {
    const atMs = nowMs + waitingAckWaitMs / 3;
    const last = this.#line.at(-1);
    if (last && atMs - last.atMs < togetherMs) last.jobIds.push(jobId);
    else this.#line.push({ atMs, jobIds: [jobId] });
  }

  /** Renews what is due; called once a second. */
  tick(nowMs: number): void {
    let renewed = 0;
    for (let due = this.#line[0]; due && due.atMs <= nowMs; due = this.#line[0]) {
      while (due.jobIds.length > 0) {
        if (renewed >= perSecondMax) return;
        const job = this.#find(due.jobIds.pop() ?? '');
        if (!job) continue;
        this.#settler.renew(job.receipt);
        this.add(job.id, nowMs);
        renewed += 1;
      }
      this.#line.shift();
    }
  }
}
