import { ConnectionPool } from '@switchyard/drivers';
import { type Executor, type ExecutorDeps, startExecutorOf } from '@switchyard/executor';
import { OllamaDriver } from './driver.js';

/** Starts the executor of every Ollama backend of its source. */
export function startExecutor(deps: ExecutorDeps): Promise<Executor> {
  const pool = new ConnectionPool();
  return startExecutorOf('ollama', deps, (backend) => new OllamaDriver({ backend, pool }));
}
