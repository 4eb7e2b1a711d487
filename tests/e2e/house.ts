import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Bus } from '@switchyard/bus';
import { type ApiKey, type Config, loadConfig } from '@switchyard/config';
import { streams } from '@switchyard/contracts';
import { type Backend, fixedBackends, type Log, noFaults, silentLog } from '@switchyard/domain';
import { Metrics, noTracing, type Tracing } from '@switchyard/telemetry';
import { startTestNats, type TestNats } from '@switchyard/testing';
import { startServices } from '../../services/standalone/src/services.js';
import { Stops } from '../../services/standalone/src/stops.js';
import { eventually } from './yard.js';

export { Started } from './started.js';

/** What a test may choose about its house. */
export type HouseOptions = {
  readonly backends: readonly Backend[];
  readonly apiKeys?: readonly ApiKey[];
  readonly log?: Log;
  readonly tracing?: Tracing;
  readonly bodyLimitBytes?: number;
  readonly queueTimeoutMs?: number;
  /** @default none */
  readonly limits?: Partial<Pick<Config, 'rates' | 'accounts' | 'budgets'>>;
  /** @default 20 ms, 40 ms */
  readonly retryDelaysMs?: readonly number[];
};

/**
 * Every service of the product in this process, beside a real nats-server, with its HTTP door open.
 */
export type House = {
  readonly nats: TestNats;
  readonly url: string;
  readonly config: Config;
  readonly metrics: Metrics;
  /** The services' own connection. */
  readonly bus: Bus;
  /** Posts a JSON body, or a text as it is. */
  post(path: string, body: unknown, headers?: Record<string, string>): Promise<Response>;
  stop(): Promise<void>;
};

/** Starts the house and resolves once every enabled backend has told its models. */
export async function startHouse(options: HouseOptions): Promise<House> {
  const log = options.log ?? silentLog;
  const stops = new Stops(log);
  const folder = await mkdtemp(join(tmpdir(), 'switchyard-house-'));
  stops.add('folder', () => rm(folder, { recursive: true, force: true }));
  try {
    const nats = await startTestNats();
    stops.add('nats', () => nats.stop());
    const config = configOf(options, folder);
    const bus = await Bus.connect({ url: nats.url, name: 'house' });
    stops.add('bus', () => bus.drain(1_000));
    await bus.provision(Object.values(streams({ queueCapacity: config.queue.capacity })), 1);
    const metrics = new Metrics();
    const tracing = options.tracing ?? noTracing;
    const instanceId = 'house-1';
    const shell = { config, log, metrics, tracing, bus, instanceId, faultPoint: noFaults };
    const { address: url } = await startServices(shell, fixedBackends(options.backends), stops);
    await eventually(() => everyBackendTold(bus, options.backends));
    const post: House['post'] = (path, body, headers = {}) =>
      fetch(`${url}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: typeof body === 'string' ? body : JSON.stringify(body),
      });
    return { nats, url, config, metrics, bus, post, stop: () => stops.all() };
  } catch (caught) {
    await stops.all();
    throw caught;
  }
}

function configOf(options: HouseOptions, folder: string): Config {
  const config = loadConfig({ env: {}, cwd: folder, readFile: () => undefined });
  const { bodyLimitBytes = config.gateway.bodyLimitBytes } = options;
  const { queueTimeoutMs = config.queue.timeoutMs, retryDelaysMs = [20, 40] } = options;
  return {
    ...config,
    ...options.limits,
    apiKeys: options.apiKeys ?? [],
    gateway: { host: '127.0.0.1', port: { value: 0, isSet: true }, bodyLimitBytes },
    queue: { ...config.queue, timeoutMs: queueTimeoutMs, retryDelaysMs },
  };
}

async function everyBackendTold(bus: Bus, backends: readonly Backend[]): Promise<void> {
  const told = await bus.keyValues<{ readonly hasCatalogue?: boolean }>('backends');
  for (const { id } of backends) {
    const entry = await told.get(id);
    if (!entry?.value.hasCatalogue) throw new Error(`backend ${id} has not told its models`);
  }
}

/** An accepted API key as the configuration holds it. */
export const apiKeyOf = (key: string, account: string): ApiKey => ({
  name: account,
  account,
  sha256: createHash('sha256').update(key).digest('hex'),
});
