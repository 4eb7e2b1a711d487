import { runService } from '@switchyard/admin-http';
import { startRouter } from './start.js';

await runService('router', async (shell) => {
  const router = await startRouter(shell);
  return { stop: () => router.stop() };
});
