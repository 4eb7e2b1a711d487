import { runService } from '@switchyard/admin-http';
import { fixedBackends } from '@switchyard/domain';
import { startExecutor } from './mod.js';

await runService('executor-ollama', async (shell) => {
  const { backends, keyBackends } = shell.config;
  const executor = await startExecutor({
    ...shell,
    source: fixedBackends([...backends, ...keyBackends]),
  });
  return { stop: () => executor.stop() };
});
