/**
 * The simulator: a trace played over simulated backends by the real `decide` and waiting room.
 * README.md of this folder says what is modelled and what is not.
 */
export {
  type BackendSpec,
  fleetOf,
  readFleet,
} from './backend-spec.js';
export type { ProductionParts, SimulatedJob } from './parts.js';
export { calibrate } from './calibrate.js';
export { leastCostUsdMicros } from './offline-optimum.js';
export { pricedInstance } from './priced-instance.js';
export { readTrace } from './read-trace.js';
export { demandRatio, unequalFleet } from './unequal-fleet.js';
export type { RunRecord } from './run-record.js';
export { promptsOf, simulate } from './simulation.js';
export { type RunSummary, sharedCacheHitRatio, summarise } from './summary.js';
export { type SweepPoint, sweep, sweepSettings } from './sweep.js';
export { compressed, type Trace } from './trace.js';
