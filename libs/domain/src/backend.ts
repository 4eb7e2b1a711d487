import type { BackendId } from './ids.js';
import type { JobKind } from './kind.js';

/** The wire protocol family of a backend; one executor service exists per kind. */
export const BackendKind = {
  ollama: 'ollama',
  openaiCompatible: 'openai-compatible',
} as const;
export type BackendKind = (typeof BackendKind)[keyof typeof BackendKind];

/** Money per unit, all in USD micros; absent means the unit is free. */
export type Tariff = {
  readonly perJobUsdMicros?: number;
  readonly perMtokInputUsdMicros?: number;
  readonly perMtokOutputUsdMicros?: number;
  readonly perMtokCachedInputUsdMicros?: number;
  /** Absent: as any other output token. */
  readonly perMtokReasoningUsdMicros?: number;
  readonly perSecondUsdMicros?: number;
  readonly perImageUsdMicros?: number;
  readonly perVideoSecondUsdMicros?: number;
  /** For each request sent to the backend. */
  readonly perRequestUsdMicros?: number;
  readonly perSearchUsdMicros?: number;
  /** What our own hardware draws while an attempt runs; priced with `perKwhUsdMicros`. */
  readonly watts?: number;
  readonly perKwhUsdMicros?: number;
  /** Nobody knows the price: the amounts say nothing, and the cost is flagged. */
  readonly isUnknown?: boolean;
};

/** A tariff of some models of a backend for some time. */
export type DatedTariff = {
  /** Names of models, caller's or backend's, `*` standing for any text; empty: every model. */
  readonly models: readonly string[];
  /** First instant at which it counts; absent: always did. */
  readonly validFromMs?: number;
  /** First instant at which it no longer does; absent: still does. */
  readonly validUntilMs?: number;
  /** Where it comes from, for people: `switchyard.yaml`, or a price list with its date. */
  readonly source: string;
  /**
   * `operator` counts before `list`: for a model that the operator has priced, no list is asked.
   */
  readonly origin: 'operator' | 'list';
  readonly tariff: Tariff;
};

/**
 * A configured or discovered place that can serve models: what is known of it before it is asked.
 */
export type Backend = {
  readonly id: BackendId;
  readonly kind: BackendKind;
  /**
   * Base address without a trailing slash; for OpenAI-compatible servers it ends before
   * `/chat/completions`.
   */
  readonly endpointUrl: string;
  /**
   * The secret sent to the backend. Lives in the executor's and the monitor's configuration, never
   * on the bus.
   */
  readonly apiKey?: string;
  readonly class: 'local' | 'remote';
  /** 1 is best. */
  readonly priority: number;
  /** More than 0. */
  readonly weight: number;
  readonly isEnabled: boolean;
  /** Empty: discovered from the backend. */
  readonly supportedModels: readonly string[];
  /** The caller's name of a model to the backend's own. */
  readonly modelAliases: Readonly<Record<string, string>>;
  /** Not set: what the backend reports, else 10. */
  readonly maxConcurrentRequests?: number;
  /** Requests begun within 60 s; not set: no limit. */
  readonly requestsPerMinuteMax?: number;
  /** Their tokens, in and out; not set: no limit. */
  readonly tokensPerMinuteMax?: number;
  /** Tokens that its prefix cache holds; not set: as configured for all. */
  readonly prefixCacheTokens?: number;
  readonly requestTimeoutMs: number;
  readonly firstTokenTimeoutMs: number;
  readonly connectTimeoutMs: number;
  readonly expectedResponseTimeMs: number;
  /** 0 to 1. */
  readonly qualityScore: number;
  /** Of every model without a tariff of its own. */
  readonly tariff: Tariff;
  /** Tariffs of single models, and those with dates. */
  readonly tariffs?: readonly DatedTariff[];
  readonly region?: string;
  readonly tags: readonly string[];
  /** True where the backend is one of our own simulations: said wherever it shows. */
  readonly simulated: boolean;
  /**
   * `configured`, `discovered` on this machine, or `key`: a paid provider found by a key in the
   * environment, or `registered` over the API.
   */
  readonly origin: 'configured' | 'discovered' | 'key' | 'registered';
  /**
   * Where its address may lead beside public networks, checked at each connection; absent:
   * anywhere, since the operator wrote it down.
   */
  readonly allowedNetworks?: readonly string[];
  /** True: used only for models that no other backend has. */
  readonly lastResort: boolean;
};

/** The concurrency of a backend that says nothing of it. */
export const defaultMaxConcurrentRequests = 10;

/** What a backend can do, as its driver last saw it. */
export type Catalogue = {
  readonly models: readonly CatalogueModel[];
  /** What the backend reports as the number of requests it runs at once. */
  readonly maxConcurrentRequests?: number;
};

/** One model that a backend says it can serve. */
export type CatalogueModel = {
  readonly id: string;
  readonly kinds: readonly JobKind[];
  readonly contextWindowTokens?: number;
  readonly isResident?: boolean;
};
