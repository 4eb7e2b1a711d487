import type { WireBackend } from '@switchyard/contracts';
import { type Backend, type Catalogue, defaultMaxConcurrentRequests } from '@switchyard/domain';
import { tariffsAt } from './cost.js';

/** How many slots a backend has: as configured, else as it reports, else 10. */
export const slotsOf = (backend: Backend, catalogue: Catalogue | undefined): number =>
  backend.maxConcurrentRequests ?? catalogue?.maxConcurrentRequests ?? defaultMaxConcurrentRequests;

/** What everybody may know of a backend at an instant; its key stays here. */
export const backendRecord = (
  backend: Backend,
  catalogue: Catalogue | undefined,
  nowMs: number,
): WireBackend => ({
  id: backend.id,
  kind: backend.kind,
  endpointUrl: backend.endpointUrl,
  class: backend.class,
  priority: backend.priority,
  weight: backend.weight,
  isEnabled: backend.isEnabled,
  supportedModels: [...backend.supportedModels],
  modelAliases: { ...backend.modelAliases },
  slots: slotsOf(backend, catalogue),
  maxRequestsPerMinute: backend.requestsPerMinuteMax,
  maxTokensPerMinute: backend.tokensPerMinuteMax,
  prefixCacheTokens: backend.prefixCacheTokens,
  requestTimeoutMs: backend.requestTimeoutMs,
  firstTokenTimeoutMs: backend.firstTokenTimeoutMs,
  expectedResponseTimeMs: backend.expectedResponseTimeMs,
  qualityScore: backend.qualityScore,
  ...tariffsAt(backend, catalogue, nowMs),
  region: backend.region,
  tags: [...backend.tags],
  simulated: backend.simulated,
  origin: backend.origin,
  lastResort: backend.lastResort,
  hasCatalogue: catalogue !== undefined,
  models: (catalogue?.models ?? []).map((model) => ({
    id: model.id,
    kinds: [...model.kinds],
    contextWindowTokens: model.contextWindowTokens,
    isResident: model.isResident,
  })),
  updatedAtMs: 0,
});
