import type { RateStanding } from '@switchyard/jobs';

/**
 * The limits of the doors, kept by the active router for all of them. Ages and waits are durations:
 * no two clocks are compared.
 */

/** What may begin within a minute: of one account, or of all doors together. */
export type DoorLimit = {
  readonly scope: string;
  readonly requestsPerMinute?: number | undefined;
  readonly tokensPerMinute?: number | undefined;
};

/** What a door let in within the last minute: how long ago, and how many tokens. */
export type DoorHistory = {
  readonly scope: string;
  readonly entries: readonly (readonly [ageMs: number, tokens: number])[];
};

/** `rpc.router.admit`: may this request begin? */
export type AskAdmit = {
  readonly doorId: string;
  /** Names the request in `SpentTokens`. */
  readonly id: string;
  readonly tokens: number;
  readonly limits: readonly DoorLimit[];
  /** Only where an answer asked for it. */
  readonly history?: readonly DoorHistory[];
};

/**
 * In the order of the limits; counted where none has to wait. `isHistoryWanted`: this router does
 * not know yet what the door let in, and is asked again with that.
 */
export type AdmitAnswer =
  | { readonly isHistoryWanted: true }
  | {
      readonly isHistoryWanted?: never;
      readonly standings: readonly RateStanding[];
      /** Doors that have asked within a minute: while no router answers, each has its share. */
      readonly doors: number;
    };

/** `rpc.router.spent`, a hint: the tokens that an admitted request really took. */
export type SpentTokens = { readonly id: string; readonly tokens: number };
