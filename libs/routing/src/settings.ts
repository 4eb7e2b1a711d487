import type { BackendId } from '@switchyard/domain';
import { unsaid } from './unsaid.js';

/** Weights by the scorer's name, 0 or more; they are brought to the strategy's sum. */
export type ScorerWeights = Readonly<Record<string, number>>;

/** What the operator may change of every decision while the router runs. */
export type RoutingSettings = {
  /** Below this quality a backend is left out; 0 = none is. From 0 to 1. */
  readonly minimumQuality: number;
  /** True: `weighted_round_robin` lets speed, errors and availability change the weights. */
  readonly isAdaptiveWeighting: boolean;
  /** So many failures in a row demote a primary until it succeeds. */
  readonly failoverThreshold: number;
  /** Where the router runs; a backend of the same region is nearer. null = unknown. */
  readonly region: string | null;
  /** Other weights for a strategy's scorers, by the strategy's name. */
  readonly weights: Readonly<Record<string, ScorerWeights>>;
  /** Other weights for the points of one backend, whatever the strategy. */
  readonly backendWeights: Readonly<Record<BackendId, ScorerWeights>>;
};

/** What holds where the operator changed nothing. */
export const defaultSettings: RoutingSettings = unsaid<RoutingSettings>({
  minimumQuality: 0,
  isAdaptiveWeighting: false,
  failoverThreshold: 3,
  region: null,
  weights: Object.freeze({}),
  backendWeights: Object.freeze({}),
});
