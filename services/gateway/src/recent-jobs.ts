import { LRUCache } from 'lru-cache';
import type { Waiting } from './cancellation.js';

/**
 * Jobs accepted by this process a moment ago: enough to answer for them before any other service
 * has heard of them. A hint for the first seconds; the state cell and the tracker know better.
 */
export class RecentJobs {
  /** 20,000 jobs of about 300 bytes, for a minute: beyond it the tracker has them. */
  readonly #jobs = new LRUCache<string, Waiting>({ max: 20_000, ttl: 60_000 });

  add(job: Waiting): void {
    this.#jobs.set(job.jobId, job);
  }

  get(jobId: string): Waiting | undefined {
    return this.#jobs.get(jobId);
  }
}
