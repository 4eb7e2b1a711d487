/** What a confidence is worked out of. */
export type ConfidenceInput = {
  /** Successful durations measured at the chosen backend. */
  readonly samples: number;
  readonly chosenPoints: number;
  /** undefined: there was no other candidate. */
  readonly runnerUpPoints: number | undefined;
};

/** So many samples are enough. */
const enoughSamples = 50;
/** A lead of this share of the winner's points is a clear one. */
const clearLead = 0.25;

/**
 * 0.1 to 1: half from how well the chosen backend is measured, half from its lead over the
 * runner-up.
 */
export function confidenceOf(input: ConfidenceInput): number {
  const measured = Math.min(1, input.samples / enoughSamples);
  const confidence = 0.5 * measured + 0.5 * leadOf(input);
  return confidence > 0.1 ? Math.min(1, confidence) : 0.1;
}

function leadOf({ chosenPoints, runnerUpPoints }: ConfidenceInput): number {
  if (runnerUpPoints === undefined) return 1;
  if (!(chosenPoints > runnerUpPoints)) return 0;
  return Math.min(1, (chosenPoints - runnerUpPoints) / (clearLead * chosenPoints));
}
