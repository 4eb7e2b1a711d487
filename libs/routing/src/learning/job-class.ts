import { JobKind } from '@switchyard/domain';

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
export const jobClassOf = ({ kind, estimatedInputTokens, maxOutputTokens }: Sized): string => {
  const input = sizeOf(estimatedInputTokens, inputSizes);
  const at = input * (outputSizes.length + 1) + sizeOf(maxOutputTokens, outputSizes);
  return names.get(kind)?.[at] ?? kind;
};

/** Every class, made once: to make a name for each job costs more than to find it. */
const names: ReadonlyMap<JobKind, readonly string[]> = new Map(
  Object.values(JobKind).map((kind) => [
    kind,
    [...inputSizes, Infinity].flatMap((_input, nth) =>
      [...outputSizes, Infinity].map((_output, mth) => `${kind}.${nth}.${mth}`),
    ),
  ]),
);

/** How many of the sizes are smaller; no number counts as small. */
function sizeOf(tokens: number, sizes: readonly number[]): number {
  let at = 0;
  while (at < sizes.length && tokens > (sizes[at] as number)) at += 1;
  return at;
}
