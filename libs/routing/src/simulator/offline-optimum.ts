import { estimateCostUsdMicros } from '../cost.js';
import type { BackendSpec } from './backend-spec.js';
import type { Trace, TraceRequest } from './trace.js';

/** Beyond it the table of all sets of requests is larger than a test has time for. */
const requestsMax = 12;

/** A constant, since looking a global name up millions of times takes seconds in a test. */
const never = Number.POSITIVE_INFINITY;

/** What is bought: requests that take at each backend as long whoever else is there. */
type Instance = { readonly trace: Trace; readonly fleet: readonly BackendSpec[] };

/**
 * The least that anybody could pay for this trace who knew it in advance, with `lateMax` requests
 * late at most, in whole USD micros. It may wait, choose and order as it likes; a request that will
 * be late it never sends, since at its deadline it is over.
 *
 * Exact, by dynamic programming over sets of requests: for one slot the earliest end of each set,
 * then the cheapest way to split a set over all slots. It takes 3^n steps for each slot, so 12
 * requests are the most; decoding must not depend on who else is there, nor prompts take time.
 */
export function leastCostUsdMicros(instance: Instance, lateMax: number): number {
  const { fleet, trace } = instance;
  const { requests } = trace;
  if (requests.length > requestsMax) throw new RangeError(`over ${requestsMax} requests`);
  const sets = 1 << requests.length;
  let leastOf: Float64Array = new Float64Array(sets).fill(never);
  leastOf[0] = 0;
  for (const spec of fleet) {
    const costs = costsOf(spec, requests);
    const inTime = earliestEnds(spec, requests);
    for (let slot = 0; slot < spec.slots; slot += 1) leastOf = withSlot(leastOf, inTime, costs);
  }
  let least = never;
  for (let set = 0; set < sets; set += 1) {
    if (requests.length - sizeOf(set) <= lateMax) least = Math.min(least, leastOf[set] as number);
  }
  return least;
}

/** How many are in the set. */
const sizeOf = (set: number): number => (set === 0 ? 0 : 1 + sizeOf(set & (set - 1)));

const costOf = ({ tariff }: BackendSpec, request: TraceRequest): number =>
  estimateCostUsdMicros(tariff, { ...request, durationMs: 0 });

/** What each set of requests costs at this backend. */
function costsOf(spec: BackendSpec, requests: readonly TraceRequest[]): Float64Array {
  const costs = new Float64Array(1 << requests.length);
  for (let set = 1; set < costs.length; set += 1) {
    const lowest = requests[31 - Math.clz32(set & -set)] as TraceRequest;
    costs[set] = (costs[set & (set - 1)] as number) + costOf(spec, lowest);
  }
  return costs;
}

/** When one slot could be done with each set, all in time; infinite where it could not. */
function earliestEnds(
  { decodeStepMs }: BackendSpec,
  requests: readonly TraceRequest[],
): Float64Array {
  const ends = new Float64Array(1 << requests.length).fill(never);
  ends[0] = 0;
  for (let set = 1; set < ends.length; set += 1) {
    requests.forEach(({ atMs, outputTokens, deadlineInMs = never }, last) => {
      if (((set >> last) & 1) === 0) return;
      const beginMs = Math.max(ends[set & ~(1 << last)] as number, atMs);
      const endMs = beginMs + Math.max(0, outputTokens - 1) * decodeStepMs;
      if (endMs <= atMs + deadlineInMs && endMs < (ends[set] as number)) ends[set] = endMs;
    });
  }
  return ends;
}

/** The least cost of each set where one slot more may take a part of it. */
function withSlot(leastOf: Float64Array, inTime: Float64Array, costs: Float64Array): Float64Array {
  const found = leastOf.slice();
  for (let set = 1; set < found.length; set += 1) {
    let least = found[set] as number;
    for (let part = set; part > 0; part = (part - 1) & set) {
      if (inTime[part] === never) continue;
      const cost = (leastOf[set & ~part] as number) + (costs[part] as number);
      if (cost < least) least = cost;
    }
    found[set] = least;
  }
  return found;
}
