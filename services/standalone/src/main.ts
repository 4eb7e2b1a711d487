import { setTimeout as delay } from 'node:timers/promises';
import { ConfigError, loadConfig, processEnv } from '@switchyard/config';
import { buckets, type WireBackend } from '@switchyard/contracts';
import { AppError } from '@switchyard/domain';
import { createLogger } from '@switchyard/telemetry';
import { bannerText } from './banner.js';
import { StartError } from './binaries/start-error.js';
import { readFlags } from './settings.js';
import { startSwitchyard, type Switchyard } from './switchyard.js';

/** Exit code for a configuration that cannot be used (sysexits EX_CONFIG). */
const badConfigExit = 78;

try {
  const flags = readFlags(process.argv.slice(2), processEnv());
  const config = loadConfig({ env: flags.env, cwd: process.cwd() });
  const log = createLogger({ ...config.log, service: 'switchyard', instanceId: String(process.pid) });
  const switchyard = await startSwitchyard({ config, env: flags.env, isDemo: flags.isDemo, log });
  stopOnSignal(switchyard);
  const { apiUrl, natsUrl, nats, portNote, supply } = switchyard;
  process.stdout.write(
    `${bannerText({
      apiUrl,
      natsUrl,
      natsNote: nats ? `embedded${nats.adopted ? ', found running' : ''}, store in ${config.dataDir}` : 'as configured',
      portNote,
      isOpen: config.apiKeys.length === 0,
      backends: supply.finder.current(),
      sightings: supply.sightings,
      engineNote: supply.engineNote,
      model: await firstModel(switchyard),
      readyMs: process.uptime() * 1_000,
    })}\n`,
  );
} catch (caught) {
  const isConfig = caught instanceof ConfigError;
  const isExpected = isConfig || caught instanceof StartError || caught instanceof AppError;
  const said = isExpected ? (caught as Error).message : caught instanceof Error ? caught.stack : String(caught);
  process.stderr.write(`\nSwitchyard did not start: ${said}\n`);
  process.exit(isConfig ? badConfigExit : 1);
}

/** A chat model that a free backend serves now, for the line to copy; undefined while none is known. */
async function firstModel({ bus }: Switchyard): Promise<string | undefined> {
  const registry = await bus.keyValues<WireBackend>(buckets.backends.name);
  for (let tries = 0; tries < 10; tries += 1) {
    for (const { value } of await registry.all()) {
      if (value.lastResort) continue;
      const model = value.models?.find(({ kinds }) => kinds?.includes('chat'));
      if (model?.id) return model.id;
    }
    await delay(100);
  }
  return undefined;
}

/** Drains on the first signal, leaves at once on the second. */
function stopOnSignal(switchyard: Switchyard): void {
  let isStopping = false;
  const stop = () => {
    if (isStopping) process.exit(130);
    isStopping = true;
    switchyard.stop().then(
      () => process.exit(0),
      () => process.exit(1),
    );
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
}
