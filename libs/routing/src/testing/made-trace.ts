import { randomAt } from '../seed.js';
import type { Trace, TraceRequest } from '../simulator/trace.js';

/**
 * A trace of conversations: each turn begins with all that was said before it, behind a system
 * prompt that all share. Some of it is short, some long; all chance comes from `seed`.
 */
export function madeTrace(options: {
  readonly requests: number;
  readonly meanGapMs: number;
  readonly seed: number;
  readonly conversations?: number;
  readonly changes?: (at: number) => Partial<TraceRequest>;
}): Trace {
  const { requests: count, meanGapMs, seed, conversations = count / 5, changes } = options;
  const blockTokens = 512;
  const said = new Map<number, number[]>();
  let atMs = 0;
  let nextBlock = 1;
  const requests = Array.from({ length: count }, (_, at): TraceRequest => {
    const chance = (nth: number) => randomAt(seed + at, nth);
    atMs += -Math.log(1 - chance(0)) * meanGapMs;
    const which = Math.floor(chance(1) * conversations);
    const blocks = said.get(which) ?? [0];
    said.set(which, blocks);
    const more = 1 + Math.floor(-Math.log(1 - chance(2)) * 8);
    for (let added = 0; added < more; added += 1) blocks.push(nextBlock++);
    const inputTokens = blocks.length * blockTokens + Math.floor(chance(3) * blockTokens);
    const outputTokens = 1 + Math.floor(chance(4) * 600);
    return { atMs, inputTokens, outputTokens, blockIds: blocks.slice(), ...changes?.(at) };
  });
  return { name: 'made', blockTokens, requests };
}
