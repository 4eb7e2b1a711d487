import { randomBytes } from 'node:crypto';
import { Bus } from '@switchyard/bus';
import { ConfigError, faultSwitch, loadConfig, processEnv } from '@switchyard/config';
import { streams } from '@switchyard/contracts';
import { AppError } from '@switchyard/domain';
import { createLogger, gatewayMetrics, Metrics, startTracing } from '@switchyard/telemetry';
import { portFor } from './free-port.js';
import { createGateway } from './gateway.js';

/** Runs the gateway alone, against the NATS of NATS_URL, until SIGTERM or SIGINT. */
async function main(): Promise<void> {
  const config = loadConfig({ env: processEnv(), cwd: process.cwd() });
  const instanceId = `gateway-${randomBytes(4).toString('hex')}`;
  const log = createLogger({ ...config.log, service: 'gateway', instanceId });
  const metrics = new Metrics();
  const url = config.nats.url ?? 'nats://127.0.0.1:4222';
  const bus = await Bus.connect({
    url,
    name: instanceId,
    onStatus: (isConnected) => log.warn({ isConnected }, 'the connection to NATS changed'),
  });
  metrics.gauge('switchyard_nats_connected', () => [[[], bus.isConnected ? 1 : 0]]);
  const specs = streams({ queueCapacity: config.queue.capacity });
  await bus.provision(Object.values(specs), config.nats.replicas);
  const tracing = await startTracing({ service: 'gateway', instanceId, env: processEnv() });
  const gateway = await createGateway({
    bus,
    config,
    log,
    metrics: gatewayMetrics(metrics),
    tracing,
    instanceId,
    now: Date.now,
    faultPoint: faultSwitch(config),
  });
  const { host, port } = config.gateway;
  await gateway.listen(host, await portFor(host, port));
  log.info({ address: gateway.address }, 'the gateway listens');
  const stop = async (signal: string) => {
    log.info({ signal }, 'the gateway stops');
    await gateway.close();
    await bus.drain();
    await tracing.stop();
    process.exit(0);
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
}

main().catch((caught: unknown) => {
  const error = caught instanceof ConfigError ? caught : AppError.from(caught);
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
});
