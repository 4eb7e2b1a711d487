import type { Settler } from '@switchyard/bus';
import { waitingAckWaitMs } from '@switchyard/contracts';
import type { RoutedJob } from './routed-job.js';

/** Renewals a second at most, so that a full room stays a murmur to the server. */
const perSecondMax = 450;

type Due = { readonly jobId: string; readonly atMs: number };

/**
 * Keeps the deliveries of waiting jobs ours: each is renewed at a third of its ack wait, in order
 * of arrival.
 */
export class Renewals {
  readonly #settler: Settler;
  readonly #find: (jobId: string) => RoutedJob | undefined;
  #line: Due[] = [];
  #head = 0;

  constructor(settler: Settler, find: (jobId: string) => RoutedJob | undefined) {
    this.#settler = settler;
    this.#find = find;
  }

  add(jobId: string, nowMs: number): void {
    this.#line.push({ jobId, atMs: nowMs + waitingAckWaitMs / 3 });
  }

  /** Renews what is due; called once a second. */
  tick(nowMs: number): void {
    let renewed = 0;
    for (
      let due = this.#line[this.#head];
      due && renewed < perSecondMax;
      due = this.#line[this.#head]
    ) {
      const job = this.#find(due.jobId);
      if (job && due.atMs > nowMs) break;
      this.#head += 1;
      if (!job) continue;
      this.#settler.renew(job.origin.receipt);
      this.add(due.jobId, nowMs);
      renewed += 1;
    }
    if (this.#head > 10_000 || this.#head === this.#line.length) {
      this.#line = this.#line.slice(this.#head);
      this.#head = 0;
    }
  }
}
