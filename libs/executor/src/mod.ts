export {
  type AttemptFacts,
  type ExecutorContext,
  type ExecutorMetrics,
  noMetrics,
} from './context.js';
export { Executor, type ExecutorOptions } from './executor.js';
export { type ExecutorDeps, startExecutorOf } from './start.js';
