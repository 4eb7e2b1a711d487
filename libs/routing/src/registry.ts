import { leastConnections } from './strategies/least-connections.js';
import { roundRobin } from './strategies/round-robin.js';
import { score } from './strategies/score.js';
import type { Strategy } from './strategy.js';

/** Every strategy by its name. The README of this library says how to add one. */
export const strategies = Object.freeze({
  least_connections: leastConnections,
  round_robin: roundRobin,
  score,
}) satisfies Readonly<Record<string, Strategy>>;

/** The name of a strategy that exists. */
export type StrategyName = keyof typeof strategies;

/** What to say of a name that no strategy has. */
export type UnknownStrategy = { readonly unknown: string; readonly known: readonly string[] };

/** The strategy of `name`, or the names that exist. */
export const findStrategy = (name: string): Strategy | UnknownStrategy =>
  Object.hasOwn(strategies, name)
    ? strategies[name as StrategyName]
    : { unknown: name, known: Object.keys(strategies) };
