import type { BudgetsConfig } from './budget-schema.js';
import type { Backend, DatedTariff, FaultPoint } from '@switchyard/domain';

/** How much is logged. */
export const logLevels = ['debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

/** How it is logged; `auto` is text on a terminal and JSON elsewhere. */
export const logFormats = ['auto', 'json', 'text'] as const;
export type LogFormat = (typeof logFormats)[number];

/** One accepted API key: the key itself is never kept, only its SHA-256 in hexadecimal. */
export type ApiKey = {
  readonly name: string;
  readonly account: string;
  readonly sha256: string;
  /** True: may change what runs, such as backends. @default false */
  readonly isAdmin?: boolean;
};

/** What an account is given; not set: no limit. */
export type AccountLimits = {
  /** Its part of the slots beside that of others. @default 1 */
  readonly weight?: number;
  /** The most of its jobs that run at once. */
  readonly runningMax?: number;
  /** The most of its jobs that wait. */
  readonly waitingMax?: number;
  readonly requestsPerMinute?: number;
  readonly tokensPerMinute?: number;
};

/** A tariff of the file, and the backends that it is for; none: every one. */
export type NamedTariff = { readonly backends: readonly string[]; readonly tariff: DatedTariff };

/** A value, and whether the user chose it. */
export type Chosen<Value> = { readonly value: Value; readonly isSet: boolean };

/** Which alerts somebody is told of. */
type AlertChoice = {
  /** Such as `budget.exhausted` or `budget.*`; empty: every kind. */
  readonly kinds: readonly string[];
  /** @default info */
  readonly minSeverity: 'info' | 'warning' | 'critical';
};

/** Where alerts are posted to, signed. */
type WebhookConfig = AlertChoice & {
  readonly name: string;
  readonly url: string;
  /** `whsec_` and base64, as Standard Webhooks writes it. */
  readonly secret: string;
};

/** The mail server that alerts are sent through. */
type EmailConfig = AlertChoice & {
  readonly host: string;
  readonly port: number;
  readonly tls: 'starttls' | 'tls' | 'none';
  readonly allowsSelfSigned: boolean;
  readonly user: string | undefined;
  readonly password: string | undefined;
  readonly from: string;
  readonly to: readonly string[];
};

/** Whom to tell of alerts. */
export type AlertsConfig = {
  readonly webhooks: readonly WebhookConfig[];
  readonly email: EmailConfig | undefined;
};

/** Everything Switchyard can be told, read once at the start and frozen. */
export type Config = {
  readonly gateway: {
    /** @default 127.0.0.1; another than loopback requires API keys */
    readonly host: string;
    /** @default 8080; not set and taken: the next free one */
    readonly port: Chosen<number>;
    /** @default 20 MiB */
    readonly bodyLimitBytes: number;
  };
  /** Empty on loopback: open mode, everybody is the account `default`. */
  readonly apiKeys: readonly ApiKey[];
  readonly nats: {
    /** undefined: the embedded server. */
    readonly url: string | undefined;
    /** `always`: the embedded server writes to disk before it acknowledges. @default default */
    readonly sync: 'default' | 'always';
    /** Copies of each stream. @default 1, the only number for the embedded server */
    readonly replicas: number;
    /** Bodies above this travel through the object store. @default 256 KiB */
    readonly inlineLimitBytes: number;
  };
  /** @default score */
  readonly strategy: string;
  /** Strategy by kind, where it differs. */
  readonly poolStrategies: Readonly<Record<string, string>>;
  readonly queue: {
    /** Waiting jobs in all before 429. @default 200,000 */
    readonly capacity: number;
    /** False: every job counts as normal. @default true */
    readonly isPriorityEnabled: boolean;
    /** Longest wait while an HTTP client holds the connection open. @default 30 s */
    readonly timeoutMs: number;
    /** Longest wait of a job submitted without a waiter. @default 24 h */
    readonly maxWaitMs: number;
    /** Attempts in total. @default 3 */
    readonly retryAttempts: number;
    /** @default 1 s, 3 s */
    readonly retryDelaysMs: readonly number[];
  };
  /** When a backend is left alone, and how it is tried again. */
  readonly breaker: {
    /** Failures in a row that open it. @default 5 */
    readonly failureThreshold: number;
    /** How long it stays open at least. @default 60 s */
    readonly openMs: number;
    /** Attempts that a half-open one lets through. @default 3 */
    readonly trialsMax: number;
  };
  /** What routers believe of the backends' prefix caches. */
  readonly prefixCache: {
    /** Every prompt served is in the cache; or those that came three times; or none. */
    readonly mode: 'dynamic' | 'static' | 'none';
    /** Tokens of a block, the unit in which caches are filled. @default 500 */
    readonly blockTokens: number;
    /** Of a backend that sets no `prefix_cache_tokens`. @default 500,000 */
    readonly cacheTokens: number;
  };
  /** Networks, such as `192.168.1.0/24`, in which backends may be registered beside public ones. */
  readonly allowedNetworks: readonly string[];
  /** Of all accounts together, at each door. */
  readonly rates: Pick<AccountLimits, 'requestsPerMinute' | 'tokensPerMinute'>;
  /** What single accounts are given; all others have the defaults. */
  readonly accounts: Readonly<Record<string, AccountLimits>>;
  /** Backends named in the file. */
  readonly backends: readonly Backend[];
  /** Paid providers found by a key in the environment, used only for models nobody else has. */
  readonly keyBackends: readonly Backend[];
  /** `tariffs.entries`, for backends that are found: those of the file have theirs already. */
  readonly tariffs: readonly NamedTariff[];
  readonly alerts: AlertsConfig;
  readonly budgets: BudgetsConfig;
  /** What is worth a line in the log: prices that could not be taken from a list, say. */
  readonly notes: readonly string[];
  /** What counts where a request says nothing itself. */
  readonly preferences: {
    /** A backend's id, or `auto`. @default auto */
    readonly preferredBackend: string;
    /** The most one job may cost by estimate; null: no limit. @default null */
    readonly maxCostPerJobUsdMicros: number | null;
    /** @default false */
    readonly prioritizeSpeed: boolean;
    /** False: backends of class `remote` are left out. @default true */
    readonly allowCloudFallback: boolean;
  };
  /** The embedded NATS store and the read models. @default .switchyard in the working folder */
  readonly dataDir: string;
  /** Holds downloaded servers, shared by all data folders. */
  readonly cacheDir: string;
  /** @default info, auto */
  readonly log: { readonly level: LogLevel; readonly format: LogFormat };
  /** Where a service that runs alone answers /health and /metrics; 0: any free port. */
  readonly adminPort: number;
  /** Where a test wants this process to stop; undefined always otherwise. */
  readonly faultPoint: { readonly point: FaultPoint; readonly hit: number } | undefined;
  /** The file that was read, or undefined. */
  readonly file: string | undefined;
};
