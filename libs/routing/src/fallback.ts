import { healthAware } from './strategies/health-aware.js';
import { roundRobin } from './strategies/round-robin.js';
import type { Strategy } from './strategy.js';

/** Who decides where `strategy` threw: its own choice, else health_aware, else round_robin. */
export function fallbackOf(strategy: Strategy): Strategy | undefined {
  if (strategy.name === roundRobin.name) return undefined;
  return strategy.fallback ?? (strategy.name === healthAware.name ? roundRobin : healthAware);
}
