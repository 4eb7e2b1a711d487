import { runService } from '@switchyard/admin-http';
import { startHealthMonitor } from './mod.js';

await runService('health-monitor', (shell) => startHealthMonitor(shell));
