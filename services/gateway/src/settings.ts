import type { ApiKey, Config } from '@switchyard/config';

export type { ApiKey };

/** The parts of the configuration that the gateway reads. */
export type GatewayConfig = Pick<
  Config,
  | 'accounts'
  | 'allowedNetworks'
  | 'apiKeys'
  | 'gateway'
  | 'nats'
  | 'poolStrategies'
  | 'prefixCache'
  | 'queue'
  | 'rates'
  | 'strategy'
>;

/** What the gateway reads of the configuration. */
export type GatewaySettings = {
  /** Empty: open mode, everybody is the account `default`; only on loopback. */
  readonly apiKeys: readonly ApiKey[];
  readonly bodyLimitBytes: number;
  /** A request body above this travels through the object store; NATS takes 1 MiB at most. */
  readonly inlineLimitBytes: number;
  /** The longest wait for a backend while an HTTP client holds the connection open. */
  readonly queueTimeoutMs: number;
  /** Waiting jobs in all; only shown. */
  readonly queueCapacity: number;
  /** Networks in which backends may be registered beside public ones. */
  readonly allowedNetworks: readonly string[];
  /** The longest wait of a job submitted without a waiter. */
  readonly maxWaitMs: number;
  /** Attempts a job may have in all; only shown. */
  readonly attemptsMax: number;
  /** False: every job is of the class `normal`. */
  readonly isPriorityEnabled: boolean;
};

/** The part of the configuration that a gateway reads. */
export const settingsOf = ({
  allowedNetworks,
  apiKeys,
  gateway,
  nats,
  queue,
}: GatewayConfig): GatewaySettings => ({
  apiKeys,
  bodyLimitBytes: gateway.bodyLimitBytes,
  inlineLimitBytes: nats.inlineLimitBytes,
  queueTimeoutMs: queue.timeoutMs,
  maxWaitMs: queue.maxWaitMs,
  queueCapacity: queue.capacity,
  allowedNetworks,
  attemptsMax: queue.retryAttempts,
  isPriorityEnabled: queue.isPriorityEnabled,
});
