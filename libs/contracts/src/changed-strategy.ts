import { findServedStrategy } from '@switchyard/routing';
import type { StrategySetting } from './routing-rpc.js';

/**
 * The strategy that was chosen for a pool while the system runs: its own before that of all pools.
 * Undefined: as configured. A name that no router serves, the empty one of a pool that goes by the
 * others again too, is none.
 */
export function changedStrategyFor(
  setting: Partial<StrategySetting> | undefined,
  kind: string,
): string | undefined {
  const own = setting?.pools?.[kind];
  if (isServed(own)) return own;
  return isServed(setting?.strategy) ? setting?.strategy : undefined;
}

const isServed = (name: unknown): boolean =>
  typeof name === 'string' && !('unknown' in findServedStrategy(name));
