import {
  type BackendFacts,
  type BackendLive,
  type BackendStats,
  backendRow,
  backendStats,
  decide,
  findRow,
  type JobFacts,
  type ModelSpeed,
  noFacts,
  type RoutingJob,
  seedOf,
  type Snapshot,
  snapshotOf,
  type Strategy,
  unknownSpeed,
  withCursor,
  withRow,
  withTurns,
} from '@switchyard/routing';
import { makeBackend, makeRoutingJob } from '@switchyard/testing/builders';
import { parse } from 'yaml';

type Named<Value> = Readonly<Record<string, Value>>;
/** What the guide says of its three backends. */
type World = {
  readonly job: Partial<RoutingJob>;
  readonly backends: Named<Partial<BackendFacts & BackendLive>>;
  readonly stats: Named<Partial<BackendStats>>;
  readonly speeds: Named<Partial<ModelSpeed>>;
  readonly facts: Partial<JobFacts>;
};

const nowMs = 1_700_000_000_000;
const turnsShown = 7;

/** The world of the examples, from the first YAML block of the guide. */
export const worldOf = (guide: string): World =>
  parse(/```yaml\n([\s\S]*?)```/.exec(guide)?.[1] ?? '') as World;

/** The example of a strategy as the guide has it: a table of points, and what is chosen. */
export function exampleOf(strategy: Strategy, world: World): string {
  const first = decideNo(strategy, world, 1, snapshotIn(world));
  const { backendIds, components, points } = first.candidates;
  const names = components.map(({ name }) => name);
  const cells = backendIds.map((id, at) => [
    id,
    ...components.map((component) => (component.points[at] ?? 0).toFixed(2)),
    ...(names.length === 1 ? [] : [(points[at] ?? 0).toFixed(2)]),
  ]);
  const headings = ['backend', ...names, ...(names.length === 1 ? [] : ['points'])];
  const lines = [headings, headings.map(() => '---'), ...cells].map(
    (line) => `| ${line.join(' | ')} |`,
  );
  const table = names.length === 0 ? [] : [...lines, ''];
  const row = turnsOf(strategy, world).join(' ');
  return [...table, `Chosen: \`${first.backendId}\`; seven in a row: \`${row}\`.`].join('\n');
}

/** What seven jobs in a row are sent to, each choice folded. */
function turnsOf(strategy: Strategy, world: World): readonly string[] {
  let snapshot = snapshotIn(world);
  return Array.from({ length: turnsShown }, (_, at) => {
    const { backendId, nextTurns } = decideNo(strategy, world, at + 1, snapshot);
    snapshot = withCursor(snapshot, 'chat', backendId);
    if (nextTurns) snapshot = withTurns(snapshot, 'chat', nextTurns);
    const row = findRow(snapshot, backendId);
    if (row) snapshot = withRow(snapshot, { ...row, lastSelectedSequence: at + 1 });
    return backendId;
  });
}

function decideNo(strategy: Strategy, world: World, no: number, snapshot: Snapshot) {
  const job = makeRoutingJob({ ...world.job, id: `job-${no}` });
  const facts = { ...noFacts, ...world.facts };
  const seed = seedOf(job.id, 1);
  const decision = decide({ job, snapshot, strategy, nowMs, seed, facts });
  if (decision.kind !== 'route') throw new Error(`${strategy.name}: ${JSON.stringify(decision)}`);
  return decision;
}

function snapshotIn({ backends, stats, speeds }: World): Snapshot {
  const rows = Object.entries(backends).map(([id, said]) => {
    const models = { m: { ...unknownSpeed, ...speeds[id] } };
    const live = { isAlive: true, health: 'healthy', ...said } as const;
    const known = backendStats({ ...stats[id], models });
    const backend = { ...plainBackend, tariff: {}, ...said, id } as typeof plainBackend;
    return backendRow(backend, null, { ...live, stats: known });
  });
  return snapshotOf(rows);
}

const plainBackend = makeBackend({
  supportedModels: ['m'],
  requestTimeoutMs: 300_000,
  firstTokenTimeoutMs: 30_000,
  connectTimeoutMs: 5_000,
  qualityScore: 0.9,
  simulated: false,
});
