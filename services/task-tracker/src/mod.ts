import { TaskTracker, type TaskTrackerDeps } from './task-tracker.js';

export { TaskTracker, type TaskTrackerDeps };

/** Starts a task-tracker. */
export async function startTaskTracker(deps: TaskTrackerDeps): Promise<TaskTracker> {
  const tracker = new TaskTracker(deps);
  await tracker.start();
  return tracker;
}
