import { type Bus, type KeyValues, openOnce } from '@switchyard/bus';
import { buckets } from '@switchyard/contracts';
import { AppError } from '@switchyard/domain';
import { qualityOf } from '@switchyard/routing';
import type { Tasks } from '../tasks.js';
import { type Feedback, readFeedback } from './quality-request.js';
import type { RouterPort } from './router-port.js';

type QualityDeps = {
  readonly bus: Pick<Bus, 'keyValues'>;
  readonly tasks: Pick<Tasks, 'get'>;
  readonly router: Pick<RouterPort, 'rate'>;
  /** Unix ms. */
  readonly now: () => number;
};

/** Who rates: the key counts, or the account where nobody needs one. */
type Rater = { readonly account: string; readonly apiKey?: string | undefined };

/** What of a task is read here. */
type ShownTask = { readonly status: string; readonly backend: string | null };

/** How good answers were, as those say who asked: `quality_based` goes by it. */
export class Quality {
  readonly #deps: QualityDeps;
  readonly #ratings: () => Promise<KeyValues<object>>;

  constructor(deps: QualityDeps) {
    this.#deps = deps;
    this.#ratings = openOnce(() => deps.bus.keyValues<object>(buckets.ratings.name));
  }

  /**
   * Rates the backend that answered a task of this account. It counts once for each rater, by
   * whatever door it comes: the first writer of its entry among all doors tells the routers.
   *
   * Throws AppError `invalid_request`, `not_found` (another account's task too), `conflict` (it has
   * no answer, or this rater has rated it before), `unavailable`.
   */
  async rate(rater: Rater, body: unknown): Promise<object> {
    const feedback = readFeedback(body);
    const { taskId, source, sides } = feedback;
    const { tasks, router, now } = this.#deps;
    const { status, backend } = (await tasks.get(rater.account, taskId)) as ShownTask;
    if (status !== 'completed' || backend === null) {
      throw new AppError('conflict', `task ${taskId} is ${status}: only an answer can be rated`);
    }
    const ratings = await this.#ratings();
    const key = keyOf(rater, feedback);
    const entry = { backendId: backend, ...sides, ratedAtMs: now() };
    if ((await ratings.replace(key, entry, undefined)) === undefined) {
      const problem = `the answer to task ${taskId} was rated before by this ${source}`;
      throw new AppError('conflict', `${problem}: each of them counts once`);
    }
    try {
      await router.rate({ ratingId: key, backendId: backend, ...sides });
    } catch (caught) {
      // It may be said again. Should a router have taken it all the same, it knows its id.
      await ratings.delete(key);
      throw caught;
    }
    return { task_id: taskId, backend, source, quality: qualityOf(sides) };
  }
}

/** A key's name may have any letters: it stands there as base64url, behind the word for whom. */
function keyOf({ account, apiKey }: Rater, { taskId, source }: Feedback): string {
  const who = apiKey === undefined ? `account ${account}` : `key ${apiKey}`;
  return `${taskId}.${source}.${Buffer.from(who).toString('base64url')}`;
}
