/**
 * The simulator: a trace played over simulated backends by the real `decide` and waiting room.
 * README.md of this folder says what is modelled and what is not.
 */
export {
  type BackendSpec,
  type FleetRead,
  fleetOf,
  publishedSpec,
  readFleet,
} from './backend-spec.js';
export type { FoldedHealth, ProductionParts } from './parts.js';
export { readTrace } from './read-trace.js';
export type { RunRecord } from './run-record.js';
export { promptsOf, type SimulationInput, simulate } from './simulation.js';
export { type RunSummary, sharedCacheHitRatio, summarise } from './summary.js';
export { compressed, type Trace, type TraceRead, type TraceRequest } from './trace.js';
