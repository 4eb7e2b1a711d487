import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import {
  type CounterName,
  counters,
  type GaugeName,
  gauges,
  type HistogramName,
  histograms,
} from './metric-names.js';

type Child = { readonly add: (value: number) => void };

/**
 * The metrics of one process, on a registry of its own. Each metric exists from its first use; the
 * child of each set of label values is looked up once and kept, since prom-client hashes labels at
 * every call.
 */
export class Metrics {
  readonly registry = new Registry();
  readonly #children = new Map<string, Child>();
  readonly #gauges = new Map<GaugeName, Gauge>();

  constructor(options: { readonly withProcess: boolean } = { withProcess: true }) {
    if (options.withProcess) collectDefaultMetrics({ register: this.registry });
  }

  /** Adds to a counter; `values` in the order of its labels. */
  count(name: CounterName, values: readonly string[], by = 1): void {
    this.#child(name, values, () => {
      const counter = this.#existing<Counter>(name) ?? this.#newCounter(name);
      const child = counter.labels(...values);
      return { add: (amount) => child.inc(amount) };
    }).add(by);
  }

  /** Puts a value into a histogram; seconds where its name says so. */
  observe(name: HistogramName, values: readonly string[], value: number): void {
    this.#child(name, values, () => {
      const histogram = this.#existing<Histogram>(name) ?? this.#newHistogram(name);
      const child = histogram.labels(...values);
      return { add: (amount) => child.observe(amount) };
    }).add(value);
  }

  set(name: GaugeName, values: readonly string[], value: number): void {
    this.#gauge(name).set(labelled(gauges[name].labels, values), value);
  }

  /** Reads a gauge when it is scraped: `read` returns label values and value. */
  gauge(name: GaugeName, read: () => Iterable<readonly [readonly string[], number]>): void {
    const { help, labels } = gauges[name];
    const collect = function collect(this: Gauge) {
      this.reset();
      for (const [values, value] of read()) this.set(labelled(labels, values), value);
    };
    this.#gauges.set(
      name,
      new Gauge({ name, help, labelNames: [...labels], registers: [this.registry], collect }),
    );
  }

  /** The whole registry in Prometheus' text format. */
  async text(): Promise<{ readonly contentType: string; readonly body: string }> {
    return { contentType: this.registry.contentType, body: await this.registry.metrics() };
  }

  #child(name: string, values: readonly string[], make: () => Child): Child {
    const key = values.length === 0 ? name : `${name} ${values.join(' ')}`;
    const known = this.#children.get(key);
    if (known) return known;
    const made = make();
    this.#children.set(key, made);
    return made;
  }

  #existing<Metric>(name: string): Metric | undefined {
    return this.registry.getSingleMetric(name) as Metric | undefined;
  }

  #newCounter(name: CounterName): Counter {
    const { help, labels } = counters[name];
    return new Counter({ name, help, labelNames: [...labels], registers: [this.registry] });
  }

  #newHistogram(name: HistogramName): Histogram {
    const { help, labels, buckets } = histograms[name];
    const registers = [this.registry];
    return new Histogram({ name, help, labelNames: [...labels], buckets: [...buckets], registers });
  }

  #gauge(name: GaugeName): Gauge {
    const known = this.#gauges.get(name);
    if (known) return known;
    const { help, labels } = gauges[name];
    const made = new Gauge({ name, help, labelNames: [...labels], registers: [this.registry] });
    this.#gauges.set(name, made);
    return made;
  }
}

const labelled = (names: readonly string[], values: readonly string[]): Record<string, string> =>
  Object.fromEntries(names.map((name, at) => [name, values[at] ?? '']));
