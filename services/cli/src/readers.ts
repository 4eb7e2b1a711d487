import { InvalidArgumentError } from 'commander';

const unitMs: Readonly<Record<string, number>> = {
  '': 1_000,
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
};

/** Reads "30", "30s", "500ms", "5m" or "1h" as milliseconds; a bare number is seconds. */
export function readDurationMs(text: string): number {
  const [, count, unit = ''] = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(text) ?? [];
  const durationMs = Number(count) * (unitMs[unit] ?? Number.NaN);
  if (durationMs > 0) return durationMs;
  throw new InvalidArgumentError('It must be a duration such as 30s, 5m or 1h.');
}

/** A reader of whole numbers within bounds. */
export const readWhole =
  (min: number, max: number) =>
  (text: string): number => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= min && value <= max) return value;
    throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`);
  };

/** Reads a number from 0 to 1, such as 0.8. */
export function readShare(text: string): number {
  const value = Number(text);
  if (/^\d*\.?\d+$/.test(text) && value >= 0 && value <= 1) return value;
  throw new InvalidArgumentError('It must be a number from 0 to 1, such as 0.8.');
}

/** A reader of words separated by commas. */
export const readWords =
  (allowed: readonly string[]) =>
  (text: string): string => {
    const unknown = text.split(',').find((word) => !allowed.includes(word));
    if (unknown === undefined) return text;
    throw new InvalidArgumentError(`"${unknown}" is none of ${allowed.join(', ')}.`);
  };

/** The kinds of jobs that can be submitted. */
export const submitKinds = ['chat', 'completion', 'embedding'] as const;
export type SubmitKind = (typeof submitKinds)[number];
