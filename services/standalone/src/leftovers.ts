import type { Bus } from '@switchyard/bus';
import { buckets, decode, type NodeList, subjects, type WireBackend } from '@switchyard/contracts';
import type { Log } from '@switchyard/domain';
import { engineId, type Supply } from './supply.js';

const sweepEveryMs = 60_000;
/** As long as a found server may be away while we run. */
const foundKeptMs = 5 * 60_000;

/** What tells a record that a former start left from one that is in use. */
export type SweepFacts = {
  readonly records: readonly WireBackend[];
  /** Ids of this process's own backends. */
  readonly current: ReadonlySet<string>;
  /** Ids that living executors serve; undefined while that is not known. */
  readonly served: ReadonlySet<string> | undefined;
  readonly idSuffix: string;
  readonly uptimeMs: number;
};

/**
 * Ids of the records that nobody stands for any more.
 *
 * - Our own engine and simulations of a former start: at once, since nobody else can have them.
 * - Configured ones and those of keys: once executors elsewhere had a minute to be heard of.
 * - Those found on this machine: after as long as a running Switchyard would have waited for them.
 */
export function leftoversOf(facts: SweepFacts): readonly string[] {
  const { current, served, uptimeMs } = facts;
  const left = facts.records.filter(({ id = '', origin }) => {
    if (current.has(id)) return false;
    if (isOurs(id, facts.idSuffix)) return true;
    if (!served || served.has(id) || uptimeMs < sweepEveryMs) return false;
    return origin !== 'discovered' || uptimeMs >= foundKeptMs;
  });
  return left.map(({ id = '' }) => id);
}

const isOurs = (id: string, idSuffix: string): boolean =>
  id === `${engineId}${idSuffix}` || (id.startsWith('simulated-') && id.endsWith(idSuffix));

/**
 * Takes what former starts left off the registry, now and once a minute. Returns what stops that.
 */
export function sweepRegistry(deps: {
  readonly bus: Bus;
  readonly supply: Supply;
  readonly log: Log;
}): () => void {
  const { bus, supply, log } = deps;
  const startedMonoMs = performance.now();
  const sweep = async () => {
    const registry = await bus.keyValues<WireBackend>(buckets.backends.name);
    const records = (await registry.all()).map(({ value }) => value);
    const left = leftoversOf({
      records,
      current: new Set(supply.current().map(({ id }) => id)),
      served: await servedBackends(bus),
      idSuffix: supply.idSuffix,
      uptimeMs: performance.now() - startedMonoMs,
    });
    for (const id of left) {
      log.info({ backendId: id }, 'taken off the registry: no executor has it any more');
      await registry.delete(id);
    }
  };
  const sweepSafely = () =>
    void sweep().catch((cause) => log.warn({ err: String(cause) }, 'the registry was not swept'));
  // What is our own is only known once the supply has settled.
  void supply.settled.then(sweepSafely);
  const timer = setInterval(sweepSafely, sweepEveryMs);
  timer.unref();
  return () => clearInterval(timer);
}

async function servedBackends(bus: Bus): Promise<ReadonlySet<string> | undefined> {
  const answer = await bus
    .ask(subjects.rpc('health-monitor', 'nodes'), '{}')
    .catch(() => undefined);
  if (!answer) return undefined;
  const alive = decode<NodeList>(answer).nodes.filter(({ liveness }) => liveness !== 'dead');
  return new Set(alive.flatMap(({ backends }) => backends));
}
