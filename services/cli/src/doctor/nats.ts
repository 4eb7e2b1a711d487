import { Bus, withoutSecrets } from '@switchyard/bus';
import type { Config } from '@switchyard/config';
import { streams } from '@switchyard/contracts';
import { findNats, isNewEnough } from '../nats-place.js';
import { type Check, failed, ok, skipped } from './check.js';

const connectRemedy =
  'Start Switchyard with "switchyard up", or correct NATS_URL where the server is another.';

/** Is there a NATS that Switchyard can live on? Server, version, JetStream and streams. */
export async function checkNats(config: Config): Promise<readonly Check[]> {
  const { url, source, greeting } = await findNats(config);
  const shown = `${url.split(',').map(withoutSecrets).join(', ')} (${source})`;
  if (!greeting) {
    return [
      failed('NATS', `nobody answers at ${shown}`, connectRemedy),
      skipped('JetStream', 'NATS comes first'),
      skipped('streams', 'NATS comes first'),
    ];
  }
  const { version, hasJetStream } = greeting;
  const server = isNewEnough(version)
    ? ok('NATS', `${version} at ${shown}`)
    : failed('NATS', `${version} at ${shown} is too old`, 'Install nats-server 2.12 or newer.');
  if (!hasJetStream) {
    const remedy = 'Start nats-server with -js, or with a jetstream block in its configuration.';
    return [
      server,
      failed('JetStream', 'it is off', remedy),
      skipped('streams', 'JetStream comes first'),
    ];
  }
  return [server, ok('JetStream', 'on'), await checkStreams(url, config)];
}

async function checkStreams(url: string, config: Config): Promise<Check> {
  const specs = Object.values(streams({ queueCapacity: config.queue.capacity }));
  const bus = await Bus.connect({ url, name: 'switchyard-doctor' }).catch(() => undefined);
  if (!bus) {
    const remedy = 'Put user and password into NATS_URL, as nats://user:password@host:4222.';
    return failed('streams', 'NATS refuses the connection', remedy);
  }
  try {
    const states = await Promise.all(
      specs.map(({ name }) => bus.streamState(name).catch(() => undefined)),
    );
    const missing = specs.filter((_spec, at) => !states[at]).map(({ name }) => name);
    if (missing.length === 0) {
      const waiting = states[specs.findIndex(({ name }) => name === 'JOBS')]?.messages ?? 0;
      return ok('streams', `all ${specs.length} are there, ${waiting} job(s) waiting`);
    }
    const remedy = 'Start Switchyard once against this NATS: it makes them.';
    return failed('streams', `missing: ${missing.join(', ')}`, remedy);
  } finally {
    await bus.drain();
  }
}
