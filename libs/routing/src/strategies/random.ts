import { drawn } from '../pickers/drawn.js';
import type { Strategy } from '../strategy.js';

/** Any survivor, all as likely. */
export const random: Strategy = {
  name: 'random',
  version: 1,
  scorers: [],
  picker: drawn,
  tieBreak: [],
};
