import type { Raised } from '@switchyard/bus';
import type { Efficiency } from '@switchyard/ledger';

/** With fewer decisions a day a single dear job would decide. */
const jobsMin = 50;
const dayMs = 86_400_000;

/**
 * The alert of a day whose money was not spent where it was cheapest: once a day of UTC. Undefined
 * where the ratio reaches its target, or says too little: what is paid is more than was expected
 * where nobody limits the answers, and routing is to blame only where it took dearer ones.
 */
export function efficiencyAlert(
  { jobs, ratio, choiceRatio, target, spentUsdMicros }: Efficiency,
  nowMs: number,
): Raised | undefined {
  if (jobs < jobsMin || spentUsdMicros === 0) return undefined;
  if (ratio >= target || choiceRatio >= target) return undefined;
  const day = new Date(nowMs).toISOString().slice(0, 10);
  const spent = (spentUsdMicros / 1e6).toFixed(2);
  return {
    about: ['spend', 'global', 'all', 'efficiency'],
    occurrence: String(Math.floor(nowMs / dayMs) * dayMs),
    kind: 'spend.efficiency',
    severity: 'warning',
    source: 'cost-ledger',
    atMs: nowMs,
    title: `The cheapest able backends would have cost ${Math.round(ratio * 100)} % of what was paid`,
    message:
      `${spent} USD were paid in the 24 hours before this alert of ${day}; ` +
      `the target is ${Math.round(target * 100)} %. GET /api/v1/costs/efficiency has the figures.`,
    facts: { jobs, ratio, target, spentUsdMicros },
  };
}
