import type { JobKind } from '@switchyard/domain';

/** What is asked of a class: the routing fields of a job that say how much work it is. */
export type Sized = {
  readonly kind: JobKind;
  readonly estimatedInputTokens: number;
  readonly maxOutputTokens: number;
};

/** Up to how many tokens each size goes; more is the last. */
const inputSizes = [512, 4096, 32_768] as const;
const outputSizes = [128, 1024] as const;

/**
 * The class of jobs that take about the same work: kind, size of the prompt (up to 512, 4096, 32768
 * tokens, more), size of the longest answer (up to 128, 1024, more). Such as `chat.1.2`.
 */
export const jobClassOf = (job: Sized): string =>
  `${job.kind}.${sizeOf(job.estimatedInputTokens, inputSizes)}.` +
  `${sizeOf(job.maxOutputTokens, outputSizes)}`;

function sizeOf(tokens: number, sizes: readonly number[]): number {
  const at = sizes.findIndex((size) => !(tokens > size));
  return at < 0 ? sizes.length : at;
}
