import TinyQueue from 'tinyqueue';
import type { RoutedJob } from './routed-job.js';

/** Waiting jobs, the first to expire in front. */
export const expiriesOf = (jobs: RoutedJob[]) =>
  new TinyQueue<RoutedJob>(jobs, (a, b) => a.waitUntilMs - b.waitUntilMs);
