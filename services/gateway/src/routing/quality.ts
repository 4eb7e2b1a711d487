import { AppError } from '@switchyard/domain';
import { qualityOf } from '@switchyard/routing';
import { LRUCache } from 'lru-cache';
import type { Tasks } from '../tasks.js';
import { readFeedback } from './quality-request.js';
import type { RouterPort } from './router-port.js';

type QualityDeps = {
  readonly tasks: Pick<Tasks, 'get'>;
  readonly router: Pick<RouterPort, 'rate'>;
};

/** What of a task is read here. */
type ShownTask = { readonly status: string; readonly backend: string | null };

/** How good answers were, as those say who asked: `quality_based` goes by it. */
export class Quality {
  readonly #deps: QualityDeps;
  /** An answer counts once: the last 20,000 that were rated here. */
  readonly #rated = new LRUCache<string, true>({ max: 20_000 });

  constructor(deps: QualityDeps) {
    this.#deps = deps;
  }

  /**
   * Rates the backend that answered a task of this account. Throws AppError `invalid_request`,
   * `not_found` (another account's task too), `conflict` (it has no answer, or was rated before).
   */
  async rate(account: string, body: unknown): Promise<object> {
    const { taskId, source, sides } = readFeedback(body);
    const { tasks, router } = this.#deps;
    const { status, backend } = (await tasks.get(account, taskId)) as ShownTask;
    if (status !== 'completed' || backend === null) {
      throw new AppError('conflict', `task ${taskId} is ${status}: only an answer can be rated`);
    }
    if (this.#rated.has(taskId)) {
      throw new AppError('conflict', `the answer to task ${taskId} was rated before`);
    }
    this.#rated.set(taskId, true);
    try {
      await router.rate({ backendId: backend, ...sides });
    } catch (caught) {
      this.#rated.delete(taskId);
      throw caught;
    }
    return { task_id: taskId, backend, source, quality: qualityOf(sides) };
  }
}
