import type { Backend } from '@switchyard/domain';
import { type BackendDriver, type ConnectionPool } from '@switchyard/drivers';
import { OpenAiCompatibleDriver } from './driver.js';

/** Makes the driver of one OpenAI-compatible backend; `pool` is shared by all drivers of a process. */
export const makeOpenAiCompatibleDriver =
  (pool: ConnectionPool) =>
  (backend: Backend): BackendDriver =>
    new OpenAiCompatibleDriver({ backend, pool });
