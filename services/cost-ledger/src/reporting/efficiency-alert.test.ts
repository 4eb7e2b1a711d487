import { efficiencyOf } from '@switchyard/ledger';
import { efficiencyAlert } from './efficiency-alert.js';

const nowMs = Date.UTC(2026, 2, 1, 12);

/** The alert of 60 jobs: what cheapest and chosen were expected to cost, and what was paid. */
const alertOf = (cheapestUsdMicros: number, chosenUsdMicros: number, spentUsdMicros: number) => {
  const sums = { jobs: 60, cheapestUsdMicros, chosenUsdMicros, dearestUsdMicros: 9_000 };
  return efficiencyAlert(efficiencyOf(sums, spentUsdMicros), nowMs);
};

describe('the alert of money not spent where it was cheapest', () => {
  it('is raised where dearer backends were chosen, and paid', () => {
    expect(alertOf(500, 1_000, 1_000)).toMatchObject({
      kind: 'spend.efficiency',
      facts: { jobs: 60, ratio: 0.5, target: 0.8 },
    });
  });

  it.each([
    ['the cheapest was chosen, and cost more than expected', 500, 500, 5_000],
    ['dearer ones were chosen, and cost less than expected', 500, 1_000, 600],
    ['nothing was paid', 500, 1_000, 0],
  ])('is not where %s', (_what, cheapest, chosen, spent) => {
    expect(alertOf(cheapest, chosen, spent)).toBeUndefined();
  });
});
