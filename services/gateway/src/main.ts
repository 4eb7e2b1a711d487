import { runService } from '@switchyard/admin-http';
import { gatewayMetrics } from '@switchyard/telemetry';
import { portFor } from './free-port.js';
import { createGateway } from './gateway.js';

await runService('gateway', async (shell) => {
  const { config, log, metrics } = shell;
  const gateway = await createGateway({
    ...shell,
    metrics: gatewayMetrics(metrics),
    now: Date.now,
  });
  const { host, port } = config.gateway;
  await gateway.listen(host, await portFor(host, port));
  log.info({ address: gateway.address }, 'the gateway listens');
  return { stop: () => gateway.close(), hasOwnHealth: true };
});
