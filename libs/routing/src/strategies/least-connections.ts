import { best } from '../pickers/best.js';
import { connections } from '../scorers/connections.js';
import type { Strategy } from '../strategy.js';
import { fewestInFlight } from '../tie-breaks.js';

/** The smallest share of slots in use, degraded backends counted double. */
export const leastConnections: Strategy = {
  name: 'least_connections',
  version: 1,
  scorers: [{ scorer: connections, weight: 100 }],
  picker: best,
  tieBreak: fewestInFlight,
};
