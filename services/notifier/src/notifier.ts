import { isDeepStrictEqual } from 'node:util';
import {
  type Bus,
  type Consumption,
  type Delivery,
  discard,
  done,
  retryAfter,
  type Settlement,
} from '@switchyard/bus';
import type { Config, ConfigReloads } from '@switchyard/config';
import { consumers, decode, type WireAlert } from '@switchyard/contracts';
import { AppError, type Log } from '@switchyard/domain';
import type { Metrics } from '@switchyard/telemetry';
import type { Destination } from './destination.js';
import { EmailDestination } from './email.js';
import { WebhookDestination } from './webhook.js';

/** What a notifier is made from. */
export type NotifierDeps = {
  readonly bus: Bus;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly config: Pick<Config, 'alerts'>;
  /** Tells of changes of the configuration while it runs. */
  readonly reloads?: Pick<ConfigReloads, 'onChange'>;
  /** Unix ms. @default Date.now */
  readonly now?: () => number;
  /** Waits between attempts; the last one is repeated until the alert is given up. */
  readonly delaysMs?: readonly number[];
};

const secondMs = 1_000;
const minuteMs = 60 * secondMs;
/** 5 s to 5 h, 40 attempts in about a week: longer than a weekend without anybody. */
const standardDelaysMs = [5 * secondMs, 30 * secondMs, 5 * minuteMs, 30 * minuteMs, 300 * minuteMs];
const attemptsMax = 40;
/** How long a delivery under way may take once its destination is configured no more. */
const leaveGraceMs = 5_000;

/** A destination as it is served. */
type Served = {
  settings: object;
  destination: Destination;
  consumption: Consumption | undefined;
};
type Wanted = { readonly settings: object; readonly make: () => Destination };

/**
 * Delivers alerts to webhooks and mailboxes.
 *
 * - Each destination has its own durable consumer of ALERTS, shared by all notifiers: one that does
 *   not answer holds nobody else up, and what it missed comes when it is back, after a restart too.
 * - At least once: an acknowledgement that got lost means a second delivery with the same id.
 */
export class Notifier {
  readonly #deps: NotifierDeps;
  readonly #served = new Map<string, Served>();
  #unreload: () => void = () => {};
  /** One change of the configuration after the other. */
  #turn: Promise<void> = Promise.resolve();

  constructor(deps: NotifierDeps) {
    this.#deps = deps;
    deps.metrics.declare('lb_alert_deliveries_total');
  }

  async start(): Promise<void> {
    const { config, reloads, log } = this.#deps;
    await this.#serve(config);
    const follow = async (before: Promise<void>, changed: Pick<Config, 'alerts'>) => {
      await before;
      try {
        await this.#serve(changed);
      } catch (cause) {
        const err = AppError.from(cause).message;
        log.error({ err }, 'alerts: not every destination could be changed; restart the notifier');
      }
    };
    const unreload = reloads?.onChange((changed) => {
      this.#turn = follow(this.#turn, changed);
    });
    if (unreload) this.#unreload = unreload;
  }

  /** Consumption ends with the bus. */
  async stop(): Promise<void> {
    this.#unreload();
    await this.#turn;
    for (const { destination } of this.#served.values()) destination.close();
  }

  /** Serves these destinations and no others; those that stay as they are notice nothing. */
  async #serve({ alerts }: Pick<Config, 'alerts'>): Promise<void> {
    const { now = Date.now } = this.#deps;
    const wanted = new Map<string, Wanted>();
    for (const webhook of alerts.webhooks) {
      const make = () => new WebhookDestination(webhook, now);
      wanted.set(webhook.name, { settings: webhook, make });
    }
    if (alerts.email) {
      const { email } = alerts;
      const destination = new EmailDestination(email);
      wanted.set(destination.name, { settings: email, make: () => destination });
    }
    for (const [name, served] of this.#served) {
      const want = wanted.get(name);
      if (!want) await this.#leave(name, served);
      else if (!isDeepStrictEqual(want.settings, served.settings)) {
        served.destination.close();
        served.destination = want.make();
        served.settings = want.settings;
      }
    }
    for (const [name, { settings, make }] of wanted) {
      if (!this.#served.has(name)) await this.#begin(name, settings, make());
    }
  }

  async #begin(name: string, settings: object, destination: Destination): Promise<void> {
    const { bus, log } = this.#deps;
    const served: Served = { settings, destination, consumption: undefined };
    this.#served.set(name, served);
    served.consumption = await bus.consume({
      consumer: consumers.alerts(name),
      concurrency: 4,
      handle: (delivery) => this.#handle(served.destination, delivery),
      onProblem: (problem) => log.warn({ destination: name }, problem),
    });
  }

  /** What was not delivered yet is not delivered any more. */
  async #leave(name: string, { destination, consumption }: Served): Promise<void> {
    const { bus } = this.#deps;
    this.#served.delete(name);
    if (consumption) await bus.stopConsuming(consumption, leaveGraceMs);
    await bus.removeConsumer(consumers.alerts(name));
    destination.close();
  }

  async #handle(destination: Destination, delivery: Delivery): Promise<Settlement> {
    let alert: WireAlert;
    try {
      alert = decode<WireAlert>(delivery.data);
    } catch (caught) {
      return discard(AppError.from(caught).message);
    }
    if (!destination.wants(alert)) return done;
    const came = await destination.deliver(alert);
    this.#deps.metrics.count('lb_alert_deliveries_total', [destination.name, came.kind], 1);
    if (came.kind === 'delivered') return done;
    const { deliveryCount } = delivery;
    const told = { destination: destination.name, alert: alert.id, deliveryCount };
    if (came.kind === 'never' || deliveryCount >= attemptsMax) {
      this.#deps.log.error({ ...told, problem: came.problem }, 'an alert is given up');
      return discard(came.problem);
    }
    this.#deps.log.warn({ ...told, problem: came.problem }, 'an alert could not be delivered');
    return retryAfter(came.afterMs ?? this.#delayMs(deliveryCount));
  }

  #delayMs(deliveryCount: number): number {
    const delays = this.#deps.delaysMs ?? standardDelaysMs;
    return delays[Math.min(deliveryCount, delays.length) - 1] ?? minuteMs;
  }
}
