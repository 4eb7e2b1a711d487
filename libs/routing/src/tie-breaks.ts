import type { BackendRow } from './backend-row.js';
import { shareInUse } from './scorers/connections.js';

/**
 * What decides between equal scores: the smaller number wins. After all of them, the smaller id.
 */
export type TieBreak = (row: BackendRow) => number;

const byPriority: TieBreak = (row) => row.priority;
const bySelection: TieBreak = (row) => row.lastSelectedSequence;
const byInFlight: TieBreak = (row) => row.inFlight;

/** Smaller priority number, smaller share of slots in use, least recently selected. */
export const generalTieBreak: readonly TieBreak[] = [byPriority, shareInUse, bySelection];

/** Fewer attempts in flight, least recently selected. */
export const fewestInFlight: readonly TieBreak[] = [byInFlight, bySelection];
