import { ConnectionPool } from '@switchyard/drivers';
import { type Executor, type ExecutorDeps, startExecutorOf } from '@switchyard/executor';
import { OpenAiCompatibleDriver } from './driver.js';

/** Starts the executor of every OpenAI-compatible backend of its source. */
export function startExecutor(deps: ExecutorDeps): Promise<Executor> {
  const pool = new ConnectionPool();
  return startExecutorOf(
    'openai-compatible',
    deps,
    (backend) => new OpenAiCompatibleDriver({ backend, pool }),
  );
}

export { OpenAiCompatibleDriver } from './driver.js';
