import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { isLoopback } from '@switchyard/config';
import { streams } from '@switchyard/contracts';
import { AppError } from '@switchyard/domain';
import { AppModule } from './app.module.js';
import { Cancellation } from './cancellation.js';
import { DeadLetters } from './dead-letters.js';
import { DoorRates } from './door-rates.js';
import { openDoor, requestIdOf } from './door.js';
import { answerMalformedUrl, DoorErrors } from './door-errors.js';
import type { GatewayServices } from './gateway-services.js';
import { Identity } from './identity.js';
import { type Installation, readInstallation } from './installation.js';
import { BackendList } from './model-list.js';
import { OpenApiDocument } from './openapi.js';
import { Results } from './outcome.js';
import { Operators } from './operators.js';
import { Patience } from './patience.js';
import { Places } from './places.js';
import type { GatewayDeps } from './ports.js';
import { LongPrompts } from './routing/long-prompts.js';
import { RoutingSettings } from './routing/routing-settings.js';
import { ReadinessSources } from './readiness.js';
import { RecentJobs } from './recent-jobs.js';
import { rememberRoutes } from './routes.js';
import { settingsOf } from './settings.js';
import { Submission } from './submission.js';
import { Tasks } from './tasks.js';
import { Waiters } from './waiters.js';

/** A gateway that runs: its HTTP doors, and how to stop them. */
export type Gateway = {
  /** Carried by every answer as `x-switchyard-instance`; the same for all instances on one NATS. */
  readonly installationId: string;
  /**
   * Opens the port. Throws AppError `forbidden` for an address beyond loopback without API keys.
   */
  listen(host: string, port: number): Promise<void>;
  /** Where it listens, as `http://127.0.0.1:8080`; empty before. */
  readonly address: string;
  /** Takes no new connections, answers what came on the others as long as `graceMs`, and stops. */
  close(graceMs?: number): Promise<void>;
};

/** Makes the gateway on a bus whose streams are there; nothing listens yet. */
export async function createGateway(deps: GatewayDeps): Promise<Gateway> {
  const installation = await readInstallation(deps.bus);
  const identity = new Identity(deps.config.apiKeys);
  const stopping = new AbortController();
  const unfollow = deps.bus.onStatus((isConnected) => {
    if (isConnected) void renewChunks(deps);
  });
  const services = await makeServices(deps, installation, stopping.signal);
  const unreload = deps.reloads?.onChange((config) => {
    identity.accept(config.apiKeys);
    Object.assign(services.settings, settingsOf(config));
    services.operators.allow(config.allowedNetworks);
    services.rates.accept(config);
  });
  const app = await makeApp(deps, services, identity, installation);
  return {
    installationId: installation.id,
    async listen(host, port) {
      if (identity.isOpen && !isLoopback(host)) {
        throw new AppError(
          'forbidden',
          `${host} is no loopback address: without API keys only loopback may be served`,
        );
      }
      await app.listen(port, host);
    },
    get address() {
      const bound = app.getHttpServer().address();
      if (bound === null || typeof bound === 'string') return '';
      const host = bound.family === 'IPv6' ? `[${bound.address}]` : bound.address;
      return `http://${host}:${bound.port}`;
    },
    async close(graceMs = 30_000) {
      if (stopping.signal.aborted) return;
      stopping.abort();
      const server = app.getHttpServer();
      // A connection that was busy when we began to stop stays open after its answer, for nobody.
      const idle = setInterval(() => server.closeIdleConnections(), 50);
      const forced = setTimeout(() => server.closeAllConnections(), graceMs);
      await app.close();
      clearInterval(idle);
      clearTimeout(forced);
      unfollow();
      unreload?.();
      services.waiters.close();
      services.places.close();
      services.backends.close();
    },
  };
}

async function makeServices(
  deps: GatewayDeps,
  installation: Installation,
  stopping: AbortSignal,
): Promise<GatewayServices> {
  const { bus, log, now, faultPoint, tracing, express } = deps;
  const settings = settingsOf(deps.config);
  const [objects, backends] = await Promise.all([bus.objects(), BackendList.follow(bus)]);
  const changes = new RoutingSettings({ bus, log, now });
  const changed = async () => (await changes.strategy())?.value;
  const longPrompts = new LongPrompts({ changed, config: deps.config, log });
  const submission = new Submission({
    bus,
    objects,
    installation,
    settings,
    log,
    now,
    faultPoint,
    tracing,
    express,
    longPrompts,
  });
  const waiters = new Waiters({ bus, log, now });
  const cancellation = new Cancellation(bus, now);
  const { graceMs = 10_000 } = deps;
  const patience = new Patience({
    submission,
    waiters,
    cancellation,
    settings,
    log,
    tracing,
    graceMs,
  });
  const results = new Results(bus, objects);
  const recent = new RecentJobs();
  const places = new Places(bus, now);
  const steadyNow = () => performance.now();
  const doorId = deps.instanceId;
  const rates = new DoorRates({ bus, doorId, places, steadyNow, limits: deps.config });
  const tasks = new Tasks({ bus, results, recent, cancellation, settings, places });
  const { allowedNetworks } = settings;
  const operators = await Operators.open({ bus, backends, allowedNetworks, log, now });
  const deadLetters = new DeadLetters({ bus, objects, installation, settings, now });
  const parts = { submission, waiters, patience, cancellation, results, backends, recent, tasks };
  return { bus, settings, log, now, stopping, places, rates, deadLetters, operators, ...parts };
}

/** A nats-server that was restarted has lost its streams in memory: CHUNKS is made again. */
async function renewChunks({ bus, config, log }: GatewayDeps): Promise<void> {
  const { CHUNKS } = streams({ queueCapacity: config.queue.capacity });
  try {
    await bus.provision([CHUNKS], config.nats.replicas);
  } catch (cause) {
    log.warn({ cause }, 'the stream of chunks could not be made again');
  }
}

async function makeApp(
  deps: GatewayDeps,
  services: GatewayServices,
  identity: Identity,
  installation: Installation,
): Promise<NestFastifyApplication> {
  const { metrics, tracing, log, bus } = deps;
  const adapter = new FastifyAdapter({
    bodyLimit: services.settings.bodyLimitBytes,
    genReqId: requestIdOf,
    frameworkErrors: answerMalformedUrl,
    skipMiddie: true,
    multipart: false,
    // While it stops, a gateway answers what comes on open connections and closes each after its
    // answer.
    return503OnClosing: false,
    keepAliveTimeout: 72_000,
    // The longest a request may take to arrive; how long its answer takes is the job's own matter.
    requestTimeout: 300_000,
    routerOptions: { maxParamLength: 512 },
  });
  const fastify = adapter.getInstance();
  const methodsAt = rememberRoutes(fastify);
  openDoor(fastify, { identity, installation, metrics, tracing });
  const sources = new ReadinessSources(bus, metrics, services.stopping);
  const root = AppModule.of(services, sources);
  const options = { bodyParser: false, logger: false, abortOnError: false } as const;
  const app = await NestFactory.create<NestFastifyApplication>(root, adapter, options);
  app.useGlobalFilters(new DoorErrors(log, methodsAt));
  app.get(OpenApiDocument).describe(app);
  await app.init();
  await fastify.ready();
  return app;
}
