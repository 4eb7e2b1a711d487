/** Sums of what decisions expected, beside what came of them. */
export type EstimateSums = {
  readonly jobs: number;
  /** Of the backend that was chosen. */
  readonly chosenUsdMicros: number;
  /** Of the cheapest and the dearest able backend at the moment of the decision. */
  readonly cheapestUsdMicros: number;
  readonly dearestUsdMicros: number;
};

/** How well the money was spent, since `fromMs`. */
export type Efficiency = {
  readonly jobs: number;
  readonly spentUsdMicros: number;
  /** What the cheapest would have cost over what was paid; 1 where nothing was paid. */
  readonly ratio: number;
  /**
   * What the cheapest was expected to cost over what the chosen ones were, by the same estimates; 1
   * where the cheapest was always chosen.
   */
  readonly choiceRatio: number;
  /** Where both are below it, a warning is due. */
  readonly target: number;
  /** Kept against always choosing the dearest able backend, by estimates. */
  readonly savedUsdMicros: number;
  /** 0 to 1. */
  readonly savedShare: number;
};

const target = 0.8;

/** The cost efficiency ratio, and what was saved. */
export function efficiencyOf(estimates: EstimateSums, spentUsdMicros: number): Efficiency {
  const { cheapestUsdMicros, chosenUsdMicros, dearestUsdMicros } = estimates;
  const savedUsdMicros = Math.max(0, dearestUsdMicros - chosenUsdMicros);
  return {
    jobs: estimates.jobs,
    spentUsdMicros,
    ratio: spentUsdMicros === 0 ? 1 : cheapestUsdMicros / spentUsdMicros,
    choiceRatio: chosenUsdMicros === 0 ? 1 : cheapestUsdMicros / chosenUsdMicros,
    target,
    savedUsdMicros,
    savedShare: dearestUsdMicros === 0 ? 0 : savedUsdMicros / dearestUsdMicros,
  };
}
