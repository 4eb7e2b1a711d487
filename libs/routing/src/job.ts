import type { AccountId, BackendId, JobId, JobKind } from '@switchyard/domain';

/** What the caller, the account or the operator wants of a choice; already merged in that order. */
export type Preferences = {
  /** `auto`, or the backend to take where it survives the filters up to the quality floor. */
  readonly preferredBackend: 'auto' | BackendId;
  /** The most one job may cost by our estimate; null = no limit. */
  readonly maxCostPerJobUsdMicros: number | null;
  /** True: the strategy's speed weights apply. */
  readonly prioritizeSpeed: boolean;
  /** False: backends of class `remote` are left out, but for a preferred one on attempt 1. */
  readonly allowCloudFallback: boolean;
};

/**
 * What a decision reads of a job: routing fields only, never its body. Plain data, so that it can
 * be recorded.
 */
export type RoutingJob = {
  readonly id: JobId;
  readonly kind: JobKind;
  /** The model as the caller named it. */
  readonly model: string;
  readonly account: AccountId;
  /** 0 to 10, 10 first. */
  readonly priority: number;
  readonly estimatedInputTokens: number;
  /** The most tokens the answer may have; 0 where the kind has none. */
  readonly maxOutputTokens: number;
  readonly deadlineAtMs?: number;
  readonly preferences: Preferences;
  /** Tags that a backend must have, all of them. */
  readonly tags: readonly string[];
  /** The only region the job may run in. */
  readonly region?: string;
  /** Backends that earlier attempts of this job were sent to. */
  readonly excludedBackendIds: readonly BackendId[];
  /**
   * Those of `excludedBackendIds` whose last error was transient: reused where nothing else
   * survives.
   */
  readonly triedTransient: readonly BackendId[];
  /** When its last attempt ended, in Unix ms; not given: it had none, or that is not known. */
  readonly lastFailureAtMs?: number;
  /** From 1. */
  readonly attemptNo: number;
  readonly isStreamed: boolean;
  /** What the input holds beside text, such as `image`; not given = text alone. */
  readonly inputModalities?: readonly string[];
};

/** No wish at all: any backend, any cost. */
export const noPreferences: Preferences = {
  preferredBackend: 'auto',
  maxCostPerJobUsdMicros: null,
  prioritizeSpeed: false,
  allowCloudFallback: true,
};
