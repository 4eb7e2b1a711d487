import type { Backend, Catalogue } from '@switchyard/domain';
import { makeBackend, makeRoutingJob } from '@switchyard/testing/builders';
import { type BackendLive, type BackendRow, backendRow } from '../backend-row.js';
import type { Decision, RouteDecision } from '../decision.js';
import { decide } from '../decide.js';
import { noPreferences, type Preferences, type RoutingJob } from '../job.js';
import { seedOf } from '../seed.js';
import { type Snapshot, snapshotOf } from '../snapshot.js';
import { score } from '../strategies/score.js';
import type { Strategy } from '../strategy.js';

/** The instant of every test: nothing here reads a clock. */
export const nowMs = 1_700_000_000_000;

/** A free local backend without a configured model. */
const plainBackend: Omit<Backend, 'apiKey'> = makeBackend({
  kind: 'ollama',
  requestTimeoutMs: 300_000,
  firstTokenTimeoutMs: 30_000,
  connectTimeoutMs: 5_000,
  qualityScore: 0.9,
  simulated: false,
});

/** Model `m` for chat. */
const plainCatalogue: Catalogue = {
  models: [{ id: 'm', kinds: ['chat'], contextWindowTokens: 8000 }],
};

/** What a test says of a row; the rest is an idle healthy backend that has model `m`. */
export type RowOptions = Partial<Omit<Backend, 'apiKey'>> &
  Partial<BackendLive> & { readonly catalogue?: Catalogue | null };

/** The row of backend `id`. */
export function makeRow(id: string, options: RowOptions = {}): BackendRow {
  const catalogue = options.catalogue === undefined ? plainCatalogue : options.catalogue;
  const live = { isAlive: true, health: 'healthy', ...options } as const;
  return backendRow({ ...plainBackend, ...options, id }, catalogue, live);
}

/** What a test says of a job; the rest is a chat with model `m`. */
export type JobOptions = Partial<Omit<RoutingJob, 'preferences'>> & {
  readonly preferences?: Partial<Preferences>;
};

/** A job on its first attempt. */
export const makeJob = ({ preferences, ...options }: JobOptions = {}): RoutingJob =>
  makeRoutingJob({
    estimatedInputTokens: 100,
    maxOutputTokens: 100,
    ...options,
    preferences: { ...noPreferences, ...preferences },
  });

/** The decision on `job` among `rows`, by `score` where no strategy is given. */
export function decideAmong(
  rows: readonly BackendRow[],
  job: RoutingJob,
  options: { readonly strategy?: Strategy; readonly cursors?: Snapshot['cursors'] } = {},
): Decision {
  const snapshot = snapshotOf(rows, { version: 1, cursors: options.cursors });
  const strategy = options.strategy ?? score;
  return decide({ job, snapshot, strategy, nowMs, seed: seedOf(job.id, job.attemptNo) });
}

/** The decision, which must be a route. */
export function asRoute(decision: Decision): RouteDecision {
  if (decision.kind !== 'route') throw new Error(`expected a route: ${JSON.stringify(decision)}`);
  return decision;
}

/** The exclusions by backend. */
export const excludedOf = ({ excluded }: Decision): Record<string, string> =>
  Object.fromEntries(excluded.backendIds.map((id, at) => [id, excluded.reasons[at] as string]));
