/**
 * Units that must not mix, as branded numbers. Instants are Unix milliseconds (UTC), durations
 * milliseconds, money whole millionths of a US dollar, tokens whole counts.
 */
declare const unit: unique symbol;
type Unit<Name extends string> = number & { readonly [unit]: Name };

/** A duration in milliseconds, 0 or more. */
export type Ms = Unit<'ms'>;
/** Money as a safe integer of millionths of a US dollar. */
export type UsdMicros = Unit<'usdMicros'>;
/** A whole count of tokens, 0 or more. */
export type Tokens = Unit<'tokens'>;

/** Brands a duration. Throws RangeError on NaN, infinite or negative values. */
export function ms(value: number): Ms {
  if (!Number.isFinite(value) || value < 0)
    throw new RangeError(`not a duration in milliseconds: ${value}`);
  return value as Ms;
}

/** Brands money. Throws RangeError on anything but a safe integer. */
export function usdMicros(value: number): UsdMicros {
  if (!Number.isSafeInteger(value)) throw new RangeError(`not whole USD micros: ${value}`);
  return value as UsdMicros;
}

/** Brands a token count. Throws RangeError on anything but a safe integer of 0 or more. */
export function tokens(value: number): Tokens {
  if (!Number.isSafeInteger(value) || value < 0)
    throw new RangeError(`not a token count: ${value}`);
  return value as Tokens;
}
