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

const durationForm = 'must be a duration such as "500ms", "30s", "5m" or "24h"';
/** Node's timers hold 2^31 - 1 ms, a little under 25 days, and run at once for more. */
const durationMaxMs = 24 * 86_400_000;

const anyDuration = z
  .string({ error: durationForm })
  .regex(/^\d{1,12}(\.\d{1,6})?(ms|s|m|h|d)$/, durationForm)
  .transform((text) => {
    const [, count = '', unit = ''] = /^([\d.]+)([a-z]+)$/.exec(text) ?? [];
    return Math.round(Number(count) * (durationMs[unit] ?? 0));
  })
  .refine((ms) => ms <= durationMaxMs, 'must be at most "24d"');

/** A duration of 0 or more, such as "0s" or "3s", as whole milliseconds. */
export const delay = anyDuration;

/** A duration of 1 ms or more, such as "500ms", "30s" or "5m", as whole milliseconds. */
export const duration = anyDuration.refine((ms) => ms > 0, 'must be longer than 0');

const sizeForm = 'must be a size such as "256KiB" or "20MiB"';

/** A size such as "256KiB" or "20MiB", as bytes. */
export const size = z
  .string({ error: sizeForm })
  .regex(/^\d{1,15}(B|KiB|MiB|GiB)$/, sizeForm)
  .transform((text) => {
    const [, count = '', unit = ''] = /^(\d+)([A-Za-z]+)$/.exec(text) ?? [];
    return Number(count) * (sizeBytes[unit] ?? 0);
  })
  .refine((bytes) => bytes > 0, 'must be more than 0');

const usdForm = 'must be a number of US dollars';

/** US dollars of 0 or more, as whole millionths. Finer amounts are refused, not rounded away. */
export const usd = numeric(
  z
    .number({ error: usdForm })
    .min(0, 'must be 0 or more')
    .max(1e9, 'must be at most 1000000000')
    .refine(isWholeMicros, 'must be a whole number of millionths of a dollar, such as 0.000125')
    .transform((dollars) => Math.round(dollars * 1e6)),
);

function isWholeMicros(dollars: number): boolean {
  const micros = dollars * 1e6;
  // Decimal prices are not exact in binary: 0.07 * 1e6 is 70000.00000000001.
  return Math.abs(micros - Math.round(micros)) <= 1e-9 * Math.max(1, micros);
}

/** `schema` for a number, which may also be text that is one: variables are always text. */
export function numeric<Schema extends z.ZodType>(schema: Schema) {
  const read = (value: unknown) =>
    typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value) ? Number(value) : value;
  return z.preprocess(read, schema);
}

/** True or false, which may also be that word as text. */
export const flag = z.preprocess(
  (value) => (value === 'true' ? true : value === 'false' ? false : value),
  z.boolean({ error: 'must be true or false' }),
);

/** A whole number from `min` to `max`. */
export const whole = ({ min, max }: { readonly min: number; readonly max: number }) => {
  const error = `must be a whole number from ${min} to ${max}`;
  return numeric(z.number({ error }).int(error).min(min, error).max(max, error));
};

/** Text of at least one character. */
export const text = z
  .string({ error: 'must be text' })
  .min(1, { error: 'must not be empty', abort: true });

/** `schema`, or `fallback` where nothing is written behind the key. */
export const given = <Schema extends z.ZodType>(schema: Schema, fallback: z.output<Schema>) =>
  schema.nullish().transform((value): z.output<Schema> => value ?? fallback);

/** `schema`, or undefined where nothing is written behind the key. */
export const optional = <Schema extends z.ZodType>(schema: Schema) =>
  schema.nullish().transform((value): z.output<Schema> | undefined => value ?? undefined);

/** A mapping with these keys and no other, all of them optional; empty where none is written. */
export const section = <Shape extends z.ZodRawShape>(shape: Shape) => {
  const mapping = z.strictObject(shape);
  return mapping.nullish().transform((value) => value ?? mapping.parse({}));
};
