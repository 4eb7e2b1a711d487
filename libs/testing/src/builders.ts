import type { Backend } from '@switchyard/domain';
import type { Budget } from '@switchyard/ledger';
import { noPreferences, type RoutingJob } from '@switchyard/routing';

/** A free local backend at an address where nobody is; a test says what is special of its own. */
export const makeBackend = (changes: Partial<Backend> = {}): Backend => ({
  id: 'a',
  kind: 'openai-compatible',
  endpointUrl: 'http://127.0.0.1:1',
  class: 'local',
  priority: 1,
  weight: 1,
  isEnabled: true,
  supportedModels: [],
  modelAliases: {},
  requestTimeoutMs: 30_000,
  firstTokenTimeoutMs: 5_000,
  connectTimeoutMs: 1_000,
  expectedResponseTimeMs: 1_000,
  qualityScore: 1,
  tariff: {},
  tags: [],
  simulated: true,
  origin: 'configured',
  lastResort: false,
  ...changes,
});

/** A chat with model `m` on its first attempt, by somebody without a wish. */
export const makeRoutingJob = (changes: Partial<RoutingJob> = {}): RoutingJob => ({
  id: 'job-1',
  kind: 'chat',
  model: 'm',
  account: 'default',
  priority: 5,
  estimatedInputTokens: 0,
  maxOutputTokens: 0,
  preferences: noPreferences,
  tags: [],
  excludedBackendIds: [],
  triedTransient: [],
  attemptNo: 1,
  isStreamed: false,
  ...changes,
});

/** A budget of $50 a day for everything together, of which nobody is told before it is spent. */
export const makeBudget = (changes: Partial<Budget> = {}): Budget => ({
  scope: { kind: 'global', id: '' },
  window: 'daily',
  form: 'fixed',
  timeZone: 'UTC',
  limitUsdMicros: 50_000_000,
  isCap: true,
  alertAt: [],
  ...changes,
});
