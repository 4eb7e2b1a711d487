/**
 * Whose words a strategy's name is in, where it says something else elsewhere: the `nodes` of the
 * task door, the `instances` of the Ollama door, or the prefill `workers` of a schedule request.
 */
export type Dialect = 'nodes' | 'instances' | 'workers';

/** Other names that mean the same to everybody. */
const common = [
  ['smooth_weighted_round_robin', 'weighted_round_robin'],
  ['weighted_random', 'weighted'],
  ['weighted_cache', 'lowest_cache_used'],
  ['least_connection', 'least_connections'],
  ['latency_based', 'response_time'],
  ['ttft', 'shortest_ttft'],
  ['cache_aware', 'prefix_affinity'],
  ['p2c', 'power_of_two'],
] as const;

const own = {
  nodes: [['weighted', 'weighted_capacity']],
  instances: [
    ['weighted', 'weighted_round_robin'],
    ['single', 'primary_failover'],
  ],
  workers: [],
} as const satisfies Record<Dialect, readonly (readonly [string, string])[]>;

const tables = {
  nodes: new Map<string, string>([...common, ...own.nodes]),
  instances: new Map<string, string>([...common, ...own.instances]),
  workers: new Map<string, string>([...common, ...own.workers]),
};
const everybody = new Map<string, string>(common);

/** What each other name means in the words of `dialect`. */
export const aliases = (dialect?: Dialect): ReadonlyMap<string, string> =>
  dialect === undefined ? everybody : tables[dialect];

/** `name` in small letters, with `_` between words. */
export const plainName = (name: string): string => name.toLowerCase().replaceAll(/[\s-]+/g, '_');

/** Names longer than this are nobody's slip of the pen. */
const longestName = 64;

/** The one of `known` that `name` was probably meant to be: at most a third of it is different. */
export function nearestOf(name: string, known: readonly string[]): string | undefined {
  if (name.length > longestName) return undefined;
  let nearest: string | undefined;
  let fewest = Infinity;
  for (const each of known) {
    const changes = changesBetween(name, each);
    if (changes < fewest && changes <= Math.max(name.length, each.length) / 3) {
      fewest = changes;
      nearest = each;
    }
  }
  return nearest;
}

/** How many letters have to be put in, taken out or changed (Levenshtein). */
function changesBetween(a: string, b: string): number {
  let before = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let row = 1; row <= a.length; row += 1) {
    const now = [row];
    for (let column = 1; column <= b.length; column += 1) {
      const isSame = a[row - 1] === b[column - 1];
      now.push(
        Math.min(
          (before[column] as number) + 1,
          (now[column - 1] as number) + 1,
          (before[column - 1] as number) + (isSame ? 0 : 1),
        ),
      );
    }
    before = now;
  }
  return before[b.length] as number;
}
