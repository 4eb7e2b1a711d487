import type { Config } from '@switchyard/config';
import { changedStrategyFor, type StrategySetting } from '@switchyard/contracts';
import { AppError, type Log } from '@switchyard/domain';
import { findServedStrategy, keyTextOf, PromptKeyer, promptPartsOf } from '@switchyard/routing';

type LongPromptsDeps = {
  /** What was changed of the strategies while the system runs. */
  readonly changed: () => Promise<StrategySetting | undefined>;
  readonly config: Pick<Config, 'strategy' | 'poolStrategies' | 'prefixCache'>;
  readonly log: Log;
};

/** The job whose prompt it is. */
type Asked = { readonly kind: string; readonly model: string; readonly strategy?: string };

/**
 * The keys of prompts that are too long to travel with their jobs. Routers never see their text,
 * so that the door, which has it at hand, makes the keys by which they look into prefix caches.
 *
 * Nothing is made where the strategy of the job does not read hits. Should the strategy be changed
 * at this very moment, a router finds keys that it needs not, or none: a job without hits.
 */
export class LongPrompts {
  readonly #deps: LongPromptsDeps;
  readonly #keyer: PromptKeyer;

  constructor(deps: LongPromptsDeps) {
    this.#deps = deps;
    this.#keyer = new PromptKeyer(deps.config.prefixCache);
  }

  /** What a job says of its prompt; `bodyOf` gives its body, parsed. Never throws. */
  async keysOf(job: Asked, bodyOf: () => object): Promise<string | undefined> {
    const { prefixCache } = this.#deps.config;
    if (prefixCache.mode === 'none') return undefined;
    try {
      if (!readsHits(job.strategy || (await this.#strategyFor(job.kind)))) return undefined;
      const parts = promptPartsOf(bodyOf() as Readonly<Record<string, unknown>>);
      return keyTextOf(this.#keyer.ofParts(job.model, parts), prefixCache.blockTokens);
    } catch (caught) {
      const err = AppError.from(caught).message;
      this.#deps.log.warn({ err }, 'a long prompt has no keys: no prefix cache is looked into');
      return undefined;
    }
  }

  /** As routers find it: what was changed for the pool, or for all, else as configured. */
  async #strategyFor(kind: string): Promise<string> {
    const { changed, config } = this.#deps;
    const configured = config.poolStrategies[kind] ?? config.strategy;
    return changedStrategyFor(await changed(), kind) ?? configured;
  }
}

function readsHits(name: string): boolean {
  const found = findServedStrategy(name);
  return !('unknown' in found) && found.reads?.includes('hits') === true;
}
