import { collectDefaultMetrics, type Metric, Registry } from 'prom-client';
import {
  counterFamily,
  type Family,
  gaugeFamily,
  type GaugeReader,
  histogramFamily,
} from './families.js';
import {
  type CounterName,
  counters,
  type GaugeName,
  gauges,
  type HistogramName,
  histograms,
  type LabelValues,
} from './metric-names.js';

type CounterValues<Name extends CounterName> = LabelValues<(typeof counters)[Name]['labels']>;
type HistogramValues<Name extends HistogramName> = LabelValues<(typeof histograms)[Name]['labels']>;

/** How often the event loop is looked at, in ms: finer wakes an idle process more often. */
const eventLoopMonitoringPrecision = 20;

/**
 * The metrics of one process, on a registry of its own, so that two of them never clash. A metric
 * is on it from its first use, or from `declare` on.
 */
export class Metrics {
  readonly registry = new Registry();
  readonly #families = new Map<string, Family>();
  readonly #readers = new Map<GaugeName, Set<GaugeReader>>();

  /** `withProcess`: CPU, memory, event loop and garbage collection of the process too. */
  constructor(options: { readonly withProcess: boolean } = { withProcess: true }) {
    if (!options.withProcess) return;
    collectDefaultMetrics({ register: this.registry, eventLoopMonitoringPrecision });
  }

  /** Puts counters and histograms on the registry before they are used. */
  declare(...names: readonly (CounterName | HistogramName)[]): void {
    for (const name of names) {
      if (name in counters) this.#counter(name as CounterName);
      else this.#histogram(name as HistogramName);
    }
  }

  /** Adds to a counter; `values` in the order of its labels. */
  count<Name extends CounterName>(name: Name, values: CounterValues<Name>, by = 1): void {
    (this.#families.get(name) ?? this.#counter(name)).add(values, by);
  }

  /** Puts an amount into a histogram; seconds where its name says so. */
  observe<Name extends HistogramName>(
    name: Name,
    values: HistogramValues<Name>,
    amount: number,
  ): void {
    (this.#families.get(name) ?? this.#histogram(name)).add(values, amount);
  }

  /**
   * Reads a gauge whenever it is scraped. Several may read one gauge, the executors of a process
   * for example: what they say of the same labels is added. Returns what ends that.
   */
  gauge(name: GaugeName, read: GaugeReader): () => void {
    const readers = this.#readers.get(name) ?? this.#newGauge(name);
    readers.add(read);
    return () => void readers.delete(read);
  }

  /** The whole registry in Prometheus' text format. */
  async text(): Promise<{ readonly contentType: string; readonly body: string }> {
    return { contentType: this.registry.contentType, body: await this.registry.metrics() };
  }

  #counter(name: CounterName): Family {
    return this.#families.get(name) ?? this.#add(counterFamily(name, counters[name]));
  }

  #histogram(name: HistogramName): Family {
    return this.#families.get(name) ?? this.#add(histogramFamily(name, histograms[name]));
  }

  #add(family: Family): Family {
    this.#families.set(family.name, family);
    this.#register(family);
    return family;
  }

  #newGauge(name: GaugeName): Set<GaugeReader> {
    const readers = new Set<GaugeReader>();
    this.#readers.set(name, readers);
    this.#register(gaugeFamily(name, gauges[name], readers));
    return readers;
  }

  /**
   * The registry asks a metric for its name and for `get` only; its type wants a class of its own.
   */
  #register(family: Omit<Family, 'add'>): void {
    this.registry.registerMetric(family as unknown as Metric);
  }
}
