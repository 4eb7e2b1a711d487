import { type BackendSpec, fleetOf, publishedSpec } from './backend-spec.js';
import type { Trace } from './trace.js';

/** Eight backends: the slowest takes four times as long for everything as the fastest. */
const slowness = [1, 1.2, 1.5, 1.8, 2.2, 2.7, 3.3, 4] as const;
/** The fastest and one in the middle: whoever looks at speeds alone sends most to the first. */
const faultyAt: ReadonlySet<number> = new Set([0, 4]);

/**
 * Backends of unequal speed, two of which fail three attempts in four, after a minute. Nothing that
 * the router is told of them differs: what they are like has to be learned.
 */
export function unequalFleet(
  faults: Pick<BackendSpec, 'faultRatio' | 'faultMs'> = { faultRatio: 0.75, faultMs: 60_000 },
): readonly BackendSpec[] {
  return fleetOf(slowness.length, (at) => {
    const by = slowness[at] as number;
    const { prefillMsPerToken, prefillMsFixed, decodeStepMs, decodeStepMsPerRequest } =
      publishedSpec;
    return {
      prefillMsPerToken: by * prefillMsPerToken,
      prefillMsFixed: by * prefillMsFixed,
      decodeStepMs: by * decodeStepMs,
      decodeStepMsPerRequest: by * decodeStepMsPerRequest,
      ...(faultyAt.has(at) ? faults : {}),
    };
  });
}

/**
 * What a trace asks of the backends that do not fail: the time that its prompts take to read, with
 * nothing cached, of all the time that they have. Over 1 is more than they can do.
 */
export function demandRatio(trace: Trace, fleet: readonly BackendSpec[]): number {
  const spanMs = Math.max(1, trace.requests.at(-1)?.atMs ?? 0);
  const inputTokens = trace.requests.reduce((sum, one) => sum + one.inputTokens, 0);
  const meanTokens = inputTokens / Math.max(1, trace.requests.length);
  const promptsPerMs = fleet
    .filter(({ faultRatio }) => faultRatio === 0)
    .reduce(
      (sum, spec) => sum + 1 / (spec.prefillMsFixed + spec.prefillMsPerToken * meanTokens),
      0,
    );
  return trace.requests.length / (spanMs * promptsPerMs);
}
