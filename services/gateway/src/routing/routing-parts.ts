import type { Provider } from '@nestjs/common';
import type { GatewayServices } from '../gateway-services.js';
import { DecisionLog } from './decision-log.js';
import { Decisions } from './decisions.js';
import { LoadBalancerController } from './load-balancer.controller.js';
import { LoadBalancer } from './load-balancer.js';
import { Quality } from './quality.js';
import { RouterPort } from './router-port.js';
import { RoutingController } from './routing.controller.js';
import { Routing } from './routing.js';
import { RoutingSettings } from './routing-settings.js';
import { StoredPreferences } from './stored-preferences.js';

/** The doors to routing. */
export const routingControllers = [RoutingController, LoadBalancerController];

/** What they are made from. */
export function routingProviders(services: GatewayServices): Provider[] {
  const { bus, tasks, backends, now } = services;
  const router = new RouterPort(bus);
  const settings = new RoutingSettings(services);
  const log = new DecisionLog(bus);
  return [
    { provide: Decisions, useValue: new Decisions({ tasks, log, router, now }) },
    { provide: Quality, useValue: new Quality({ bus, tasks, router, now }) },
    { provide: Routing, useValue: new Routing({ router, settings, backends, now }) },
    {
      provide: LoadBalancer,
      useValue: new LoadBalancer({ bus, router, settings, backends, now }),
    },
    { provide: StoredPreferences, useValue: new StoredPreferences(router, settings) },
  ];
}
