import { noFaults, type ReachFaultPoint } from '@switchyard/domain';
import type { Config } from './config.js';

/**
 * Stops this process by SIGKILL at the configured fault point; without one, does nothing. For
 * tests only.
 */
export function faultSwitch(config: Pick<Config, 'faultPoint'>): ReachFaultPoint {
  const wanted = config.faultPoint;
  if (!wanted) return noFaults;
  let hits = 0;
  return (point) => {
    if (point !== wanted.point) return;
    hits += 1;
    if (hits === wanted.hit) process.kill(process.pid, 'SIGKILL');
  };
}
