import type { Context } from './context.js';
import { show } from './terminal.js';

/** What `switchyard rate` may be told beside the score. */
export type RateOptions = {
  readonly source: string;
  readonly relevance?: number;
  readonly accuracy?: number;
  readonly completeness?: number;
  readonly citations?: number;
};

/** What the door answers. */
type Rated = { readonly task_id: string; readonly backend: string; readonly quality: number };

/** `switchyard rate <job> <score>`. */
export async function rate(
  { api, terminal }: Pick<Context, 'api' | 'terminal'>,
  taskId: string,
  rating: number,
  { source, ...scores }: RateOptions,
): Promise<void> {
  const body = { taskId, rating, scores, source };
  const rated = await api.json<Rated>('/api/v1/quality/feedback', { method: 'POST', body });
  const { backend, quality } = rated;
  show(terminal, rated, () => `${taskId}: ${backend} is rated ${Number(quality.toFixed(3))}`);
}
