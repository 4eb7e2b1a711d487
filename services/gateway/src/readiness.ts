import { Injectable } from '@nestjs/common';
import { HealthCheckService, HealthIndicatorService } from '@nestjs/terminus';
import type { Bus } from '@switchyard/bus';
import type { GatewayMetrics } from './ports.js';

/** What readiness looks at; a class, since Nest injects by it. */
export class ReadinessSources {
  constructor(
    readonly bus: Bus,
    readonly metrics: GatewayMetrics,
    readonly stopping: AbortSignal,
  ) {}
}

/** Ready: jobs can be accepted, so NATS is there, the streams with it, and room to store them. */
@Injectable()
export class Readiness {
  constructor(
    private readonly checks: HealthCheckService,
    private readonly indicators: HealthIndicatorService,
    private readonly sources: ReadinessSources,
  ) {}

  async check(): Promise<{ readonly isReady: boolean; readonly body: object }> {
    const { bus, stopping } = this.sources;
    const result = await this.checks
      .check([
        () => this.#say('nats', bus.isConnected, 'the connection to NATS is down'),
        () => this.#streams(),
        () => this.#store(),
        () => this.#say('consumers', bus.isHealthy, 'a consumer is gone'),
        () => this.#say('gateway', !stopping.aborted, 'stopping'),
      ])
      .catch((caught: { getResponse?: () => unknown }) => caught.getResponse?.() as object);
    const isReady = (result as { status?: string }).status === 'ok';
    return { isReady, body: { ...result, status: isReady ? 'healthy' : 'unhealthy' } };
  }

  metrics() {
    return this.sources.metrics.text();
  }

  #say(name: string, isUp: boolean, message: string) {
    const indicator = this.indicators.check(name);
    return isUp ? indicator.up() : indicator.down({ message });
  }

  async #streams() {
    const indicator = this.indicators.check('streams');
    // Asked of a server that is away, it would answer only after its timeout.
    if (!this.sources.bus.isConnected) return indicator.down({ message: 'unknown without NATS' });
    try {
      await this.sources.bus.streamState('JOBS');
      return indicator.up();
    } catch {
      return indicator.down({ message: 'the stream JOBS cannot be reached' });
    }
  }

  async #store() {
    const indicator = this.indicators.check('store');
    const { bus } = this.sources;
    if (!bus.isConnected) return indicator.down({ message: 'unknown without NATS' });
    const problem = await bus.storeProblem();
    return problem === undefined ? indicator.up() : indicator.down({ message: problem });
  }
}
