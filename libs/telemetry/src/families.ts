import { LabelCells } from './label-cells.js';

/** One line of a family in the text that is scraped; prom-client's form. */
type Line = {
  readonly metricName?: string;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
};

/** What a family is made from. */
export type Description = { readonly help: string; readonly labels: readonly string[] };

/**
 * A metric that a prom-client registry can print, but which adds up for itself: prom-client makes a
 * text of the labels and checks them at every call, which costs several times as much.
 */
export type Family = {
  readonly name: string;
  /** Takes one more amount; `values` in the order of the labels. What is no amount is left out. */
  add(values: readonly string[], amount: number): void;
  /** What the registry prints. */
  get(): Promise<{
    readonly name: string;
    readonly help: string;
    readonly type: 'counter' | 'histogram' | 'gauge';
    readonly aggregator: 'sum';
    readonly values: readonly Line[];
  }>;
};

/** A sum that only grows. */
export function counterFamily(name: string, { help, labels }: Description): Family {
  const cells = new LabelCells(labels, () => ({ value: 0 }));
  const lines = () => [...cells.all()].map(({ labels: of, cell }) => ({ labels: of, ...cell }));
  return {
    name,
    add: (values, amount) => {
      if (amount > 0 && amount < Number.POSITIVE_INFINITY) cells.at(values).value += amount;
    },
    get: async () => ({ name, help, type: 'counter', aggregator: 'sum', values: lines() }),
  };
}

/** Amounts in buckets; `buckets` are their upper bounds, ascending. */
export function histogramFamily(
  name: string,
  { help, labels, buckets }: Description & { readonly buckets: readonly number[] },
): Family {
  const bounds = Float64Array.from(buckets);
  const cells = new LabelCells(labels, () => ({
    // The last one takes what is above every bound.
    counts: new Float64Array(bounds.length + 1),
    sum: 0,
  }));
  const linesOf = (of: Record<string, string>, counts: Float64Array, sum: number): Line[] => {
    let below = 0;
    const lines: Line[] = [];
    for (const [at, count] of counts.entries()) {
      below += count;
      const le = bounds[at] ?? '+Inf';
      lines.push({ metricName: `${name}_bucket`, labels: { le, ...of }, value: below });
    }
    lines.push({ metricName: `${name}_sum`, labels: of, value: sum });
    lines.push({ metricName: `${name}_count`, labels: of, value: below });
    return lines;
  };
  const lines = () =>
    [...cells.all()].flatMap(({ labels: of, cell }) => linesOf(of, cell.counts, cell.sum));
  return {
    name,
    add: (values, amount) => {
      if (!Number.isFinite(amount)) return;
      const cell = cells.at(values);
      const at = bucketOf(bounds, amount);
      cell.counts[at] = (cell.counts[at] ?? 0) + 1;
      cell.sum += amount;
    },
    get: async () => ({ name, help, type: 'histogram', aggregator: 'sum', values: lines() }),
  };
}

/** The first bucket whose bound is not below `amount`, by halving. */
function bucketOf(bounds: Float64Array, amount: number): number {
  let low = 0;
  let high = bounds.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((bounds[middle] ?? 0) < amount) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Says what a gauge shows now: label values in their order, and the value. */
export type GaugeReader = () => Iterable<readonly [readonly string[], number]>;

/** A value of the moment: what `readers` say when it is scraped, added up per set of labels. */
export function gaugeFamily(
  name: string,
  { help, labels }: Description,
  readers: ReadonlySet<GaugeReader>,
): Omit<Family, 'add'> {
  const lines = () => {
    const cells = new LabelCells(labels, () => ({ value: 0 }));
    for (const read of readers) {
      for (const [values, value] of read()) cells.at(values).value += value;
    }
    return [...cells.all()].map(({ labels: of, cell }) => ({ labels: of, ...cell }));
  };
  return {
    name,
    get: async () => ({ name, help, type: 'gauge', aggregator: 'sum', values: lines() }),
  };
}
