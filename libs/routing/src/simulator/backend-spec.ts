import type { BackendId, Tariff } from '@switchyard/domain';

/** A time in which a backend is away, from the start of the simulation. */
export type Outage = { readonly fromMs: number; readonly untilMs: number };

/** A simulated backend as it truly is. The router sees what it would see of a real one. */
export type BackendSpec = {
  readonly id: BackendId;
  /** The most requests in its batch. */
  readonly slots: number;
  /** What a prompt token takes that is not in the cache. */
  readonly prefillMsPerToken: number;
  /** What any prompt takes beside its tokens. */
  readonly prefillMsFixed: number;
  /** One step of decoding for a single request. */
  readonly decodeStepMs: number;
  /** How much longer a step takes for each further request in the batch. */
  readonly decodeStepMsPerRequest: number;
  /** How fast decoding goes on while a prompt is read, 0 (stops) to 1 (not slowed). */
  readonly decodeShareInPrefill: number;
  /** Blocks of the prefix cache. */
  readonly cacheBlocks: number;
  /** What loading the model takes before the first prompt; 0 = it is loaded. */
  readonly coldStartMs: number;
  /** Attempts that fail, 0 to 1. */
  readonly faultRatio: number;
  /** How long an attempt that fails takes until it fails. */
  readonly faultMs: number;
  readonly outages: readonly Outage[];
  readonly tariff: Tariff;
  readonly isRemote: boolean;
  readonly priority: number;
  readonly weight: number;
  readonly qualityScore: number;
  /** What the operator believes a request takes. */
  readonly expectedResponseTimeMs: number;
};

/**
 * LLaMA 70B on four A100 (FP16), from NVIDIA's published measurements of TensorRT-LLM 0.5 and 0.6.1
 * (docs/source/performance.md of its repository).
 *
 * - Prefill: the first token of 128 tokens after 47 ms, of 2048 after 377 ms: 0.172 ms a token and
 *   25 ms.
 * - Decode: 240 requests of 128 and 2048 tokens make 525 tokens/s on each of four GPUs, so a step
 *   takes 114 ms; a step of one reads 140 GB of weights at 4 x 2.0 TB/s and takes 25 ms with the
 *   same fixed part: 0.37 ms for each further request.
 * - Cache: 320 GB less 140 GB of weights, 10 % kept free, at 0.33 MB for a token (80 layers, 8
 *   heads of 128 for keys and for values, 2 bytes): 461,000 tokens or 900 blocks of 512.
 * - Ours: decoding halves its speed while a prompt is read (chunked prefill shares the batch).
 */
export const publishedSpec: BackendSpec = Object.freeze({
  id: 'backend',
  slots: 64,
  prefillMsPerToken: 0.172,
  prefillMsFixed: 25,
  decodeStepMs: 25,
  decodeStepMsPerRequest: 0.37,
  decodeShareInPrefill: 0.5,
  cacheBlocks: 900,
  coldStartMs: 0,
  faultRatio: 0,
  faultMs: 0,
  outages: Object.freeze([]),
  tariff: Object.freeze({ perSecondUsdMicros: 0 }),
  isRemote: false,
  priority: 1,
  weight: 1,
  qualityScore: 0.9,
  expectedResponseTimeMs: 10_000,
});

/** So many alike, `backend-01` and so on, each changed by `changes(at)`. */
export const fleetOf = (
  count: number,
  changes: (at: number) => Partial<BackendSpec> = () => ({}),
): readonly BackendSpec[] =>
  Array.from({ length: count }, (_, at) => ({
    ...publishedSpec,
    id: `backend-${String(at + 1).padStart(2, '0')}`,
    ...changes(at),
  }));

const bounds: Readonly<Record<string, readonly [least: number, most: number]>> = {
  slots: [1, 10_000],
  prefillMsPerToken: [0, 10_000],
  prefillMsFixed: [0, 1e6],
  decodeStepMs: [0.001, 1e6],
  decodeStepMsPerRequest: [0, 1e6],
  decodeShareInPrefill: [0, 1],
  cacheBlocks: [1, 1_000_000],
  coldStartMs: [0, 1e8],
  faultRatio: [0, 1],
  faultMs: [0, 1e8],
  priority: [1, 1000],
  weight: [0, 1e6],
  qualityScore: [0, 1],
  expectedResponseTimeMs: [1, 1e8],
};
const wholes = new Set(['slots', 'cacheBlocks', 'priority']);
const others = new Set(['id', 'count', 'outages', 'tariff', 'isRemote']);
const backendsMax = 1000;

/** Backends, or what is wrong with their description. */
export type FleetRead =
  | { readonly kind: 'fleet'; readonly fleet: readonly BackendSpec[] }
  | { readonly kind: 'refused'; readonly problems: readonly string[] };

/**
 * The backends that a list of objects (from JSON or YAML) describes: fields of `BackendSpec`, and
 * `count` for so many alike. What is not given is as in `publishedSpec`.
 */
export function readFleet(value: unknown): FleetRead {
  if (!Array.isArray(value) || value.length === 0) {
    return { kind: 'refused', problems: ['it must be a list of backends, one at least'] };
  }
  const problems: string[] = [];
  const fleet: BackendSpec[] = [];
  value.forEach((entry: unknown, at) => {
    const found = problemsOf(entry).map((problem) => `backend ${at + 1}: ${problem}`);
    problems.push(...found);
    if (found.length === 0) fleet.push(...copiesOf(entry as Entry, at));
  });
  const ids = new Set(fleet.map(({ id }) => id));
  if (ids.size < fleet.length) problems.push('two backends have the same id');
  if (fleet.length > backendsMax) problems.push(`they are more than ${backendsMax}`);
  return problems.length > 0 ? { kind: 'refused', problems } : { kind: 'fleet', fleet };
}

type Entry = Partial<BackendSpec> & { readonly count?: number };

function copiesOf({ count = 1, ...entry }: Entry, at: number): BackendSpec[] {
  const name = entry.id ?? `backend-${String(at + 1).padStart(2, '0')}`;
  return Array.from({ length: count }, (_, copy) => ({
    ...publishedSpec,
    ...entry,
    id: count === 1 ? name : `${name}-${String(copy + 1).padStart(2, '0')}`,
  }));
}

function problemsOf(entry: unknown): string[] {
  if (typeof entry !== 'object' || entry === null || Array.isArray(entry)) return ['no object'];
  const problems: string[] = [];
  for (const [name, value] of Object.entries(entry)) {
    const range = Object.hasOwn(bounds, name) ? bounds[name] : undefined;
    if (range !== undefined) {
      if (!isWithin(value, range)) problems.push(`${name} must be from ${range.join(' to ')}`);
      else if (wholes.has(name) && !Number.isInteger(value)) problems.push(`${name} must be whole`);
    } else if (!others.has(name)) problems.push(`${name} is no field of a backend`);
  }
  const { id, count, outages, tariff } = entry as Readonly<Record<string, unknown>>;
  if (id !== undefined && !(typeof id === 'string' && /^[A-Za-z0-9_-]{1,100}$/.test(id))) {
    problems.push('id may have letters, digits, _ and -');
  }
  if (count !== undefined && !isWithin(count, [1, backendsMax])) problems.push('count is no count');
  if (outages !== undefined && !areOutages(outages))
    problems.push('an outage ends after it begins');
  if (tariff !== undefined && !isTariff(tariff)) problems.push('tariff has an amount below 0');
  return problems;
}

const isWithin = (value: unknown, [least, most]: readonly [number, number]): boolean =>
  typeof value === 'number' && value >= least && value <= most;

const areOutages = (value: unknown): boolean =>
  Array.isArray(value) &&
  value.every((one: Partial<Outage> | null) => Number(one?.untilMs) > Number(one?.fromMs));

const isTariff = (value: unknown): boolean =>
  typeof value === 'object' &&
  value !== null &&
  Object.values(value).every((amount) => isWithin(amount, [0, 1e12]) && Number.isInteger(amount));
