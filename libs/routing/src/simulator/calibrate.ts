import { roundRobin } from '../strategies/round-robin.js';
import type { FoldedHealth } from './parts.js';
import { type SimulationInput, simulate } from './simulation.js';
import { summarise } from './summary.js';
import { compressed } from './trace.js';

/** How many runs are made to find the compression; each brings it nearer. */
const runsMax = 6;
const near = 0.003;

/** How much a trace's time is compressed, and how busy that makes the backends. */
export type Calibration = { readonly times: number; readonly busyRatio: number };

/**
 * By how much the trace's time has to be compressed until the backends are busy `busyRatio` of the
 * time under `round_robin`: the busy time grows about as the compression does.
 */
export function calibrate<Health extends FoldedHealth>(
  input: Omit<SimulationInput<Health>, 'strategy'>,
  busyRatio: number,
): Calibration {
  let times = 1;
  let best: Calibration = { times, busyRatio: Infinity };
  for (let run = 0; run < runsMax; run += 1) {
    const trace = compressed(input.trace, times);
    const found = summarise(simulate({ ...input, trace, strategy: roundRobin })).busyRatio;
    if (Math.abs(found - busyRatio) < Math.abs(best.busyRatio - busyRatio)) {
      best = { times, busyRatio: found };
    }
    if (Math.abs(found - busyRatio) < near || found === 0) break;
    times *= busyRatio / found;
  }
  return best;
}
