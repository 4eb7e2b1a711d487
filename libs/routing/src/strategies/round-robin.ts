import { cyclic } from '../pickers/cyclic.js';
import type { Strategy } from '../strategy.js';
import { generalTieBreak } from '../tie-breaks.js';

/** Each backend in turn, by id, from the pool's cursor on. */
export const roundRobin: Strategy = {
  name: 'round_robin',
  version: 1,
  scorers: [],
  picker: cyclic,
  tieBreak: generalTieBreak,
};
