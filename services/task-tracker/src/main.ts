import { runService } from '@switchyard/admin-http';
import { startTaskTracker } from './mod.js';

await runService('task-tracker', (shell) => startTaskTracker(shell));
