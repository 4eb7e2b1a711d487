import type { Fault as FakeFault, FaultRow, Outcomes } from '@switchyard/testing';

/** What trying one fault showed beside what became of its jobs. */
export type Shown = Pick<FaultRow, 'recoveryMs' | 'figures' | 'seen'> & {
  /** True where everything was reached that this fault must reach. */
  readonly isReached: boolean;
  /** How many jobs fail because that is what the fault means. @default 0 */
  readonly failedOf?: number;
};

/** One fault that is tried on a `Place`. */
export type Fault<Place> = {
  /** As in the fault table of docs/RELIABILITY.md. */
  readonly row: string;
  readonly fault: string;
  /** What our own backends do meanwhile. @default they answer at once */
  readonly backends?: FakeFault;
  readonly act: (place: Place) => Promise<Shown>;
};

/** The line of a fault: whatever it must reach, nothing may be lost, told or charged twice. */
export function rowOf(
  { row, fault }: Pick<Fault<never>, 'row' | 'fault'>,
  outcomes: Outcomes,
  { isReached, failedOf = 0, ...shown }: Shown,
): FaultRow {
  const { accepted, lost, twice, chargedTwice, byStatus } = outcomes.count();
  const { failed = 0, expired = 0 } = byStatus;
  const isWhole = lost === 0 && twice === 0 && chargedTwice === 0 && failed <= failedOf;
  return {
    row,
    fault,
    submitted: accepted,
    finished: accepted - lost,
    lost,
    duplicated: twice,
    chargedTwice,
    failed,
    expired,
    ...shown,
    isPassed: isReached && isWhole && expired === 0,
  };
}
