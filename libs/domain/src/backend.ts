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
  readonly perSecondUsdMicros?: number;
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
  readonly requestTimeoutMs: number;
  readonly firstTokenTimeoutMs: number;
  readonly connectTimeoutMs: number;
  readonly expectedResponseTimeMs: number;
  /** 0 to 1. */
  readonly qualityScore: number;
  readonly tariff: Tariff;
  readonly region?: string;
  readonly tags: readonly string[];
  /** True where the backend is one of our own simulations: said wherever it shows. */
  readonly simulated: boolean;
  /**
   * `configured`, `discovered` on this machine, or `key`: a paid provider found by a key in the
   * environment.
   */
  readonly origin: 'configured' | 'discovered' | 'key';
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
