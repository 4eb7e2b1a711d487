import { Bus, withoutSecrets } from '@switchyard/bus';
import type { Config } from '@switchyard/config';
import { streams } from '@switchyard/contracts';
import { findNats, isNewEnough } from '../nats-place.js';
import { type Check, failed, note, ok, skipped } from './check.js';

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
      skipped('store', 'NATS comes first'),
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
      skipped('store', 'JetStream comes first'),
    ];
  }
  return [server, ok('JetStream', 'on'), ...(await checkInside(url, config))];
}

/** What can only be seen by who may connect. */
async function checkInside(url: string, config: Config): Promise<readonly Check[]> {
  const bus = await Bus.connect({ url, name: 'switchyard-doctor' }).catch(() => undefined);
  if (!bus) {
    const remedy = 'Put user and password into NATS_URL, as nats://user:password@host:4222.';
    const refused = failed('streams', 'NATS refuses the connection', remedy);
    return [refused, skipped('store', 'the connection comes first')];
  }
  try {
    const found = await checkStreams(bus, config);
    if (found.verdict === 'failed') return [found, skipped('store', 'the streams come first')];
    return [found, await checkStore(bus)];
  } finally {
    await bus.drain();
  }
}

async function checkStreams(bus: Bus, config: Config): Promise<Check> {
  const specs = Object.values(streams({ queueCapacity: config.queue.capacity }));
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
}

/** Above this share of an account's limit it is time to make room. */
const fullShare = 0.9;

/** Does the server store what it is given? With a full disk everything else looks well. */
export async function checkStore(bus: Bus): Promise<Check> {
  const [problem, use] = await Promise.all([
    bus.storeProblem(),
    bus.storeUse().catch(() => undefined),
  ]);
  const { bytes = 0, bytesMax } = use ?? {};
  const taken = `${mib(bytes)}${bytesMax === undefined ? '' : ` of ${mib(bytesMax)}`} taken`;
  if (problem !== undefined) {
    const remedy =
      'Make room: a larger disk or max_file_store, or take away streams that are not ' +
      "Switchyard's; docs/runbooks/nats.md tells how.";
    return failed('store', `${problem} (${taken})`, remedy);
  }
  if (bytesMax !== undefined && bytes > bytesMax * fullShare) {
    return note('store', `nearly full: ${taken}`, 'Raise the limit of the account, or make room.');
  }
  return ok('store', taken);
}

const mib = (bytes: number): string => `${Math.ceil(bytes / 1_048_576)} MiB`;
