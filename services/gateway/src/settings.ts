/** One API key of the configuration: the key itself is never kept, only its SHA-256. */
export type ApiKey = { readonly name: string; readonly account: string; readonly sha256: string };

/** What the gateway reads of the configuration. */
export type GatewaySettings = {
  /** Empty: open mode, everybody is the account `default`; only on loopback. */
  readonly apiKeys: readonly ApiKey[];
  readonly bodyLimitBytes: number;
  /** A request body above this travels through the object store; NATS takes 1 MiB at most. */
  readonly inlineLimitBytes: number;
  /** The longest wait for a backend while an HTTP client holds the connection open. */
  readonly queueTimeoutMs: number;
  /** The longest wait of a job submitted without a waiter. */
  readonly maxWaitMs: number;
  /** False: every job is of the class `normal`. */
  readonly isPriorityEnabled: boolean;
};
