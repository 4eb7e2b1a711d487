import type { BackendRow } from './backend-row.js';
import { shareInUse } from './scorers/connections.js';
import { randomAt } from './seed.js';

/**
 * What decides between equal scores: the smaller number wins. After all of them, the smaller id.
 * `at` is the row's place in the scored set.
 */
export type TieBreak = (row: BackendRow, at: number, seed: number) => number;

const byPriority: TieBreak = (row) => row.priority;
const bySelection: TieBreak = (row) => row.lastSelectedSequence;
const byInFlight: TieBreak = (row) => row.inFlight;
const byDraw: TieBreak = (_row, at, seed) => randomAt(seed, at);

/** Smaller priority number, smaller share of slots in use, least recently selected. */
export const generalTieBreak: readonly TieBreak[] = [byPriority, shareInUse, bySelection];

/** Fewer attempts in flight, least recently selected. */
export const fewestInFlight: readonly TieBreak[] = [byInFlight, bySelection];

/** Least recently selected. */
export const leastRecent: readonly TieBreak[] = [bySelection];

/** One at random. */
export const anyOne: readonly TieBreak[] = [byDraw];
