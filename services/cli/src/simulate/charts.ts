import type { RunRecord, RunSummary } from '@switchyard/routing/simulator';
import type { Report } from './report.js';

/** A chart as Chart.js is told of it, and what stands above it. */
export type ChartSpec = { readonly title: string; readonly config: object };

const colours = ['#4269d0', '#efb118', '#ff725c', '#6cc5b0', '#3ca951', '#ff8ab7', '#a463f2'];
const colourOf = (at: number): string => colours[at % colours.length] as string;
const curvePoints = 100;

/** Every chart of a report. */
export function chartsOf({ runs, sweep, sharedCacheHitRatio }: Report): readonly ChartSpec[] {
  const summaries = runs.map(({ summary }) => summary);
  const records = runs.map(({ record }) => record);
  const charts = [
    bars('Time to the first token (s)', summaries, ['p50', 'p95', 'p99'], ({ ttft }) => [
      ttft.p50Ms / 1000,
      ttft.p95Ms / 1000,
      ttft.p99Ms / 1000,
    ]),
    bars('End to end (s)', summaries, ['p50', 'p95', 'p99'], ({ endToEnd }) => [
      endToEnd.p50Ms / 1000,
      endToEnd.p95Ms / 1000,
      endToEnd.p99Ms / 1000,
    ]),
    curves('Share of requests that have their first token after so many seconds', records),
    bars(
      `Prompt tokens found in a cache (%); one cache shared by all: ${percent(sharedCacheHitRatio)}`,
      summaries,
      ['hits'],
      ({ hitRatio }) => [100 * hitRatio],
    ),
    perBackend('Time spent reading prompts, by backend (minutes)', summaries),
    bars('Largest outstanding work over the mean', summaries, ['imbalance'], ({ imbalance }) => [
      imbalance,
    ]),
    bars(
      'Requests that did not get what they asked for',
      summaries,
      ['refused', 'failed', 'late'],
      ({ refused, failed, deadlineMisses }) => [refused, failed, deadlineMisses],
    ),
    bars(
      'Utilisation: time with any request, and time spent reading prompts (%)',
      summaries,
      ['occupied', 'busy'],
      ({ occupiedRatio, busyRatio }) => [100 * occupiedRatio, 100 * busyRatio],
    ),
    bars(
      'Fairness between accounts (1 = all are served equally fast)',
      summaries,
      ['fairness'],
      ({ fairness }) => [fairness],
    ),
    bars('Cost (US dollars)', summaries, ['cost'], ({ costUsdMicros }) => [costUsdMicros / 1e6]),
  ];
  return sweep.length === 0 ? charts : [...charts, scatter(runs, sweep)];
}

const percent = (ratio: number): string => `${(100 * ratio).toFixed(1)} %`;

function bars(
  title: string,
  summaries: readonly RunSummary[],
  names: readonly string[],
  values: (summary: RunSummary) => readonly number[],
): ChartSpec {
  const labels = summaries.map(({ strategy }) => strategy);
  const datasets = names.map((label, at) => ({
    label,
    data: summaries.map((summary) => values(summary)[at]),
    backgroundColor: colourOf(at),
  }));
  const plugins = { legend: { display: names.length > 1 } };
  const options = { plugins, scales: { y: { beginAtZero: true } } };
  return { title, config: { type: 'bar', data: { labels, datasets }, options } };
}

function curves(title: string, records: readonly RunRecord[]): ChartSpec {
  const datasets = records.map((record, at) => {
    const sorted = record.ttftMs.filter((timeMs) => !Number.isNaN(timeMs)).sort();
    const data = Array.from({ length: curvePoints }, (_, nth) => {
      const share = (nth + 1) / curvePoints;
      const timeMs = sorted[Math.ceil(share * sorted.length) - 1] ?? 0;
      return { x: Math.max(0.01, timeMs / 1000), y: 100 * share };
    });
    const borderColor = colourOf(at);
    return { label: record.strategy, data, borderColor, pointRadius: 0, showLine: true };
  });
  const scales = {
    x: { type: 'logarithmic', title: { display: true, text: 'seconds' } },
    y: { min: 0, max: 100, title: { display: true, text: '%' } },
  };
  return { title, config: { type: 'scatter', data: { datasets }, options: { scales } } };
}

function perBackend(title: string, summaries: readonly RunSummary[]): ChartSpec {
  const labels = summaries[0]?.backends.map(({ id }) => id) ?? [];
  const datasets = summaries.map(({ strategy, backends }, at) => ({
    label: strategy,
    data: backends.map(({ prefillBusyMs }) => prefillBusyMs / 60_000),
    backgroundColor: colourOf(at),
  }));
  return { title, config: { type: 'bar', data: { labels, datasets } } };
}

function scatter(runs: Report['runs'], sweep: Report['sweep']): ChartSpec {
  const point = ({ hitRatio, ttft }: RunSummary) => ({ x: 100 * hitRatio, y: ttft.p95Ms / 1000 });
  const settings = {
    label: 'a weight setting',
    data: sweep.map(({ summary }) => point(summary)),
    backgroundColor: '#9498a0',
  };
  const named = runs.map(({ summary }, at) => ({
    label: summary.strategy,
    data: [point(summary)],
    backgroundColor: colourOf(at),
    pointRadius: 7,
  }));
  const scales = {
    x: { title: { display: true, text: 'hits, %' } },
    y: { type: 'logarithmic', title: { display: true, text: 'first token p95, s' } },
  };
  const data = { datasets: [...named, settings] };
  return {
    title: `${sweep.length} weight settings beside the strategies`,
    config: { type: 'scatter', data, options: { scales } },
  };
}
