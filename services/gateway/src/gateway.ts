import 'reflect-metadata';
import { isIP } from 'node:net';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { AppError } from '@switchyard/domain';
import { AppModule } from './app.module.js';
import { Cancellation } from './cancellation.js';
import { openDoor, requestIdOf } from './door.js';
import { DoorErrors } from './door-errors.js';
import type { GatewayServices } from './gateway-services.js';
import { Identity } from './identity.js';
import { type Installation, readInstallation } from './installation.js';
import { BackendList } from './model-list.js';
import { Results } from './outcome.js';
import { Patience } from './patience.js';
import type { GatewayDeps } from './ports.js';
import { ReadinessSources } from './readiness.js';
import { rememberRoutes } from './routes.js';
import { Submission } from './submission.js';
import { Waiters } from './waiters.js';

/** A gateway that runs: its HTTP doors, and how to stop them. */
export type Gateway = {
  readonly installationId: string;
  /** Opens the port. Throws AppError `forbidden` for an address beyond loopback without API keys. */
  listen(host: string, port: number): Promise<void>;
  /** Where it listens, as `http://127.0.0.1:8080`. */
  readonly address: string;
  /** Takes no more requests, waits for those under way as long as `graceMs`, and stops. */
  close(graceMs?: number): Promise<void>;
};

/** Makes the gateway on a bus whose streams are there; nothing listens yet. */
export async function createGateway(deps: GatewayDeps): Promise<Gateway> {
  const { settings } = deps;
  const installation = await readInstallation(deps.bus);
  const identity = new Identity(settings.apiKeys);
  const services = await makeServices(deps, installation);
  let isDraining = false;
  const sources = new ReadinessSources(deps.bus, deps.metrics, () => isDraining);
  const app = await makeApp(deps, services, sources, identity, installation);
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
      if (isDraining) return;
      isDraining = true;
      const closed = app.close();
      await services.waiters.drained(graceMs);
      app.getHttpServer().closeAllConnections();
      await closed;
      services.waiters.close();
      services.backends.close();
    },
  };
}

async function makeServices(
  deps: GatewayDeps,
  installation: Installation,
): Promise<GatewayServices> {
  const { bus, settings, log, now, faultPoint } = deps;
  const [objects, backends] = await Promise.all([bus.objects(), BackendList.follow(bus)]);
  const submission = new Submission({ bus, objects, installation, settings, log, now, faultPoint });
  const waiters = new Waiters({ bus, log, now });
  const cancellation = new Cancellation(bus, now);
  const patience = new Patience({ submission, waiters, cancellation, settings, log });
  const results = new Results(bus, objects);
  return {
    bus,
    settings,
    log,
    now,
    submission,
    waiters,
    patience,
    cancellation,
    results,
    backends,
  };
}

async function makeApp(
  deps: GatewayDeps,
  services: GatewayServices,
  sources: ReadinessSources,
  identity: Identity,
  installation: Installation,
): Promise<NestFastifyApplication> {
  const adapter = new FastifyAdapter({
    bodyLimit: deps.settings.bodyLimitBytes,
    genReqId: requestIdOf,
    skipMiddie: true,
    multipart: false,
    // A stopping gateway finishes what it holds; new requests on kept connections get 503.
    return503OnClosing: true,
    keepAliveTimeout: 72_000,
    routerOptions: { maxParamLength: 512 },
  });
  const fastify = adapter.getInstance();
  const methodsAt = rememberRoutes(fastify);
  openDoor(fastify, { identity, installation, metrics: deps.metrics });
  const app = await NestFactory.create<NestFastifyApplication>(
    AppModule.of(services, sources),
    adapter,
    {
      bodyParser: false,
      logger: false,
      abortOnError: false,
    },
  );
  app.useGlobalFilters(new DoorErrors(deps.log, methodsAt));
  await app.init();
  await fastify.ready();
  return app;
}

/** True for addresses that only this machine reaches. */
export function isLoopback(host: string): boolean {
  if (host === 'localhost' || host === '::1') return true;
  return isIP(host) === 4 && host.startsWith('127.');
}
