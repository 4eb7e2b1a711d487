import { z } from 'zod';

const durationMs: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};
const sizeBytes: Readonly<Record<string, number>> = {
  B: 1,
  KiB: 1_024,
  MiB: 1_024 ** 2,
  GiB: 1_024 ** 3,
};

/** A duration such as "500ms", "30s", "5m" or "24h", as milliseconds. */
export const duration = z
  .string({ error: 'must be a duration such as "30s", "5m" or "24h"' })
  .regex(/^\d+(\.\d+)?(ms|s|m|h|d)$/, 'must be a duration such as "30s", "5m" or "24h"')
  .transform((text) => {
    const [, count = '', unit = ''] = /^([\d.]+)([a-z]+)$/.exec(text) ?? [];
    return Number(count) * (durationMs[unit] ?? 0);
  });

/** A size such as "256KiB" or "20MiB", as bytes. */
export const size = z
  .string({ error: 'must be a size such as "256KiB" or "20MiB"' })
  .regex(/^\d+(B|KiB|MiB|GiB)$/, 'must be a size such as "256KiB" or "20MiB"')
  .transform((text) => {
    const [, count = '', unit = ''] = /^(\d+)([A-Za-z]+)$/.exec(text) ?? [];
    return Number(count) * (sizeBytes[unit] ?? 0);
  });

/** US dollars of 0 or more, as whole millionths. */
export const usd = z
  .number({ error: 'must be a number of US dollars' })
  .min(0, 'must be 0 or more')
  .max(1e9, 'must be at most 1000000000')
  .transform((dollars) => Math.round(dollars * 1e6));
