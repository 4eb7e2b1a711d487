import type { Backend } from '@switchyard/domain';
import { type BackendDriver, type ConnectionPool } from '@switchyard/drivers';
import { OllamaDriver } from './driver.js';

/** Makes the driver of one Ollama server; `pool` is shared by all drivers of a process. */
export const makeOllamaDriver =
  (pool: ConnectionPool) =>
  (backend: Backend): BackendDriver =>
    new OllamaDriver({ backend, pool });
