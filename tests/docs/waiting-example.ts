import {
  type BackendFacts,
  type BackendLive,
  type BackendStats,
  backendRow,
  backendStats,
  decide,
  type Decision,
  findRow,
  noFacts,
  Patience,
  type RouteDecision,
  seedOf,
  type Snapshot,
  snapshotOf,
  strategies,
  withRow,
} from '@switchyard/routing';
import { makeBackend, makeRoutingJob } from '@switchyard/testing/builders';
import { parse } from 'yaml';

/** What the guide says of two backends, one of them full, and of the jobs that come to them. */
type WaitingWorld = {
  readonly backends: Readonly<
    Record<string, Partial<Omit<BackendFacts, 'modelTariffs'> & BackendLive>>
  >;
  readonly stats: Partial<BackendStats>;
  /** Before so many seconds each backend's attempts were sent. */
  readonly sentBeforeS: Readonly<Record<string, number>>;
  /** In the order in which they come, all of them at once; null: no deadline. */
  readonly dueInS: Readonly<Record<string, number | null>>;
};

const nowMs = 1_700_000_000_000;
const strategy = strategies.cost_optimized;

/** The world of this example, from the YAML block below its heading. */
export const waitingWorldOf = (section: string): WaitingWorld =>
  parse(/```yaml\n([\s\S]*?)```/.exec(section)?.[1] ?? '') as WaitingWorld;

/** The example as the guide has it: what each job is told, and what all of it costs. */
export function waitingExampleOf(world: WaitingWorld): string {
  const patience = followed(world);
  const costs = { waiting: 0, hasty: 0 };
  let snapshot = snapshotIn(world);
  let hasty = snapshot;
  const rows = Object.entries(world.dueInS).map(([id, dueInS]) => {
    const job = jobOf(id, dueInS);
    const openings = patience.openingsFor(job, strategy, snapshot, nowMs);
    const facts = { ...noFacts, ...(openings ? { openings } : {}) };
    const decision = decide({ job, snapshot, strategy, nowMs, seed: seedOf(id, 1), facts });
    const [full, openAtMs] = Object.entries(openings ?? {})[0] ?? [];
    const opensInS = openAtMs === undefined ? undefined : secondsUntil(openAtMs);
    const takesMs = findRow(snapshot, full ?? '')?.expectedResponseTimeMs ?? 0;
    const doneInS = opensInS === undefined ? undefined : opensInS + takesMs / 1_000;
    costs.waiting += costOf(decision, snapshot);
    snapshot = fold(patience, snapshot, decision, id);
    const atOnce = decide({ job, snapshot: hasty, strategy, nowMs, seed: seedOf(id, 1) });
    costs.hasty += costOf(atOnce, hasty);
    hasty = fold(undefined, hasty, atOnce, id);
    const cells = [id, seconds(dueInS ?? undefined), seconds(opensInS), seconds(doneInS)];
    return `| ${[...cells, wordsOf(decision)].join(' | ')} |`;
  });
  const headings = '| job | due in | next slot in | done there in | decided |';
  return [headings, headings.replace(/[^|]+/g, ' --- '), ...rows, '', sumOf(costs)].join('\n');
}

/** What the two cost a job that is due, and their points for it. */
export function pointsOf(world: WaitingWorld): string {
  const free = Object.entries(world.backends).map(([id, said]) => [id, { ...said, inFlight: 0 }]);
  const snapshot = snapshotIn({ ...world, backends: Object.fromEntries(free) });
  const job = jobOf('one', 60);
  const decision = decide({ job, snapshot, strategy, nowMs, seed: 1 }) as RouteDecision;
  return decision.candidates.backendIds
    .map((id, at) => `\`${id}\` ${decision.candidates.points[at]?.toFixed(2)}`)
    .join(', ');
}

const jobOf = (id: string, dueInS: number | null) =>
  makeRoutingJob({ id, ...(dueInS === null ? {} : { deadlineAtMs: nowMs + 1_000 * dueInS }) });

function snapshotIn({ backends, stats }: WaitingWorld): Snapshot {
  const plain = makeBackend({ supportedModels: ['m'], requestTimeoutMs: 300_000 });
  return snapshotOf(
    Object.entries(backends).map(([id, said]) => {
      const live = { isAlive: true, health: 'healthy', ...said } as const;
      return backendRow({ ...plain, ...said, id }, null, { ...live, stats: backendStats(stats) });
    }),
  );
}

/** One that knows of the attempts which fill the full ones. */
function followed(world: WaitingWorld): Patience {
  const patience = new Patience();
  // It follows attempts from the first job on that may wait.
  patience.openingsFor(jobOf('first', 60), strategy, snapshotIn(world), nowMs);
  for (const [backendId, beforeS] of Object.entries(world.sentBeforeS)) {
    patience.dispatched(`earlier at ${backendId}`, backendId, nowMs - 1_000 * beforeS);
  }
  return patience;
}

function fold(
  patience: Patience | undefined,
  snapshot: Snapshot,
  decision: Decision,
  jobId: string,
): Snapshot {
  if (decision.kind === 'wait') patience?.waits(decision, snapshot);
  if (decision.kind !== 'route') return snapshot;
  patience?.dispatched(jobId, decision.backendId, nowMs);
  const row = findRow(snapshot, decision.backendId);
  return row ? withRow(snapshot, { ...row, inFlight: row.inFlight + 1 }) : snapshot;
}

/** In millionths of a dollar. */
function costOf(decision: Decision, snapshot: Snapshot): number {
  const id = decision.kind === 'route' ? decision.backendId : undefined;
  const awaitedId = decision.kind === 'wait' ? decision.awaitedId : undefined;
  return findRow(snapshot, id ?? awaitedId ?? '')?.tariff.perJobUsdMicros ?? 0;
}

function wordsOf(decision: Decision): string {
  if (decision.kind === 'route') return `\`${decision.backendId}\`, at once`;
  if (decision.kind !== 'wait') return decision.kind;
  const { awaitedId, untilMs } = decision;
  return `waits for \`${awaitedId}\`, at most ${seconds(secondsUntil(untilMs ?? nowMs))}`;
}

const secondsUntil = (atMs: number): number => (atMs - nowMs) / 1_000;
const seconds = (span: number | undefined): string =>
  span === undefined ? '' : `${Number(span.toFixed(3))} s`;

const dollars = (usdMicros: number): string => `$${(usdMicros / 1e6).toFixed(4)}`;
const sumOf = ({ waiting, hasty }: { readonly waiting: number; readonly hasty: number }): string =>
  `All of them cost ${dollars(waiting)}; were no job let wait, ${dollars(hasty)}.`;
