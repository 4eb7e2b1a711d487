import { drawn } from '../pickers/drawn.js';
import { weight } from '../scorers/weight.js';
import type { Strategy } from '../strategy.js';

/** Any survivor, as likely as its weight says. */
export const weighted: Strategy = {
  name: 'weighted',
  version: 1,
  scorers: [{ scorer: weight, weight: 100 }],
  picker: drawn,
  tieBreak: [],
};
