import type { BackendSpec, RunRecord, RunSummary, SweepPoint } from '@switchyard/routing/simulator';

/** All that a report tells. */
export type Report = {
  readonly command: string;
  /** `times`: how much its time was compressed. */
  readonly trace: { readonly name: string; readonly requests: number; readonly times: number };
  readonly fleet: readonly BackendSpec[];
  readonly sharedCacheHitRatio: number;
  readonly runs: readonly { readonly record: RunRecord; readonly summary: RunSummary }[];
  /** By the p95 of the first token. */
  readonly sweep: readonly SweepPoint[];
};
