import { writeFile } from 'node:fs/promises';
import { findStrategy, type Strategy } from '@switchyard/routing';
import {
  type BackendSpec,
  calibrate,
  compressed,
  promptsOf,
  type RunRecord,
  sharedCacheHitRatio,
  simulate,
  type SweepPoint,
  summarise,
  sweep,
  sweepSettings,
  type Trace,
} from '@switchyard/routing/simulator';
import { productionParts as parts } from '@switchyard/testing/simulation';
import type { Context } from '../context.js';
import { usageError } from '../cli-error.js';
import { show, tableText } from '../terminal.js';
import { readFleetFile, readTraceFile } from './files.js';
import { progressBar } from './progress-bar.js';
import type { Report } from './report.js';
import { reportHtml } from './report-html.js';
import { runHeadings, runRows, sweepHeadings, sweepRows } from './tables.js';

/** What `switchyard simulate` is told. */
export type SimulateOptions = {
  readonly trace: string;
  readonly backends?: string;
  readonly strategy: string;
  readonly speed: number;
  readonly busy?: number;
  readonly seed: number;
  readonly cacheBlocks?: number;
  readonly requests?: number;
  readonly sweep?: true;
  readonly html?: string;
};

/** `switchyard simulate`: plays a trace under each strategy, prints a table and writes a report. */
export async function runSimulate({ terminal }: Context, options: SimulateOptions): Promise<void> {
  const strategies = options.strategy.split(',').map(strategyNamed);
  const fleet = (await readFleetFile(options.backends)).map((spec) =>
    options.cacheBlocks === undefined ? spec : { ...spec, cacheBlocks: options.cacheBlocks },
  );
  const whole = await readTraceFile(options.trace);
  const read = { ...whole, requests: whole.requests.slice(0, options.requests) };
  const times = timesOf(read, fleet, options);
  const trace = compressed(read, times);
  const bar = progressBar(terminal, strategies.length * trace.requests.length, 'requests');
  const prompts = promptsOf(trace);
  const records: RunRecord[] = strategies.map((strategy, nth) => {
    const progress = (ended: number) => bar.update(nth * trace.requests.length + ended);
    return simulate({ trace, fleet, strategy, parts, seed: options.seed, prompts, progress });
  });
  bar.stop();
  const points = options.sweep ? swept() : [];
  const report: Report = {
    command: commandOf(options),
    trace: { name: trace.name, requests: trace.requests.length, times },
    fleet,
    sharedCacheHitRatio: sharedCacheHitRatio({ trace }),
    runs: records.map((record) => ({ record, summary: summarise(record) })),
    sweep: points,
  };
  show(terminal, dataOf(report), () => textOf(report));
  if (options.html !== undefined) {
    await writeFile(options.html, reportHtml(report));
    terminal.note(`The report is in ${options.html}.`);
  }

  function swept(): readonly SweepPoint[] {
    const sweepBar = progressBar(terminal, sweepSettings().length, 'settings');
    const found: SweepPoint[] = [];
    for (const point of sweep({ trace, fleet, parts, seed: options.seed, prompts })) {
      found.push(point);
      sweepBar.update(found.length);
    }
    sweepBar.stop();
    return found.sort((a, b) => a.summary.ttft.p95Ms - b.summary.ttft.p95Ms);
  }
}

function strategyNamed(name: string): Strategy {
  const found = findStrategy(name);
  if (!('unknown' in found)) return found;
  const hint = found.nearest === undefined ? '' : ` Did you mean ${found.nearest}?`;
  throw usageError(`"${name}" is no strategy.${hint}`, `There are ${found.known.join(', ')}.`);
}

function timesOf(trace: Trace, fleet: readonly BackendSpec[], options: SimulateOptions): number {
  if (options.busy === undefined) return options.speed;
  const { seed } = options;
  return calibrate({ trace, fleet, parts, seed, prompts: promptsOf(trace) }, options.busy / 100)
    .times;
}

/** The command that makes the same report again. */
const commandOf = (options: SimulateOptions): string =>
  [
    'switchyard simulate',
    `--trace ${options.trace}`,
    ...(options.backends === undefined ? [] : [`--backends ${options.backends}`]),
    `--strategy ${options.strategy}`,
    ...(options.busy === undefined ? [`--speed ${options.speed}`] : [`--busy ${options.busy}`]),
    ...(options.cacheBlocks === undefined ? [] : [`--cache-blocks ${options.cacheBlocks}`]),
    ...(options.requests === undefined ? [] : [`--requests ${options.requests}`]),
    `--seed ${options.seed}`,
    ...(options.sweep ? ['--sweep'] : []),
  ].join(' ');

const dataOf = (report: Report) => ({
  trace: report.trace,
  sharedCacheHitRatio: report.sharedCacheHitRatio,
  runs: report.runs.map(({ summary }) => summary),
  sweep: report.sweep,
});

function textOf(report: Report): string {
  const { name, requests, times } = report.trace;
  const shared = (100 * report.sharedCacheHitRatio).toFixed(1);
  const lines = [
    `${name}: ${requests} requests, time compressed ${times.toFixed(3)} times; ` +
      `one cache shared by all would hit ${shared} %.`,
    tableText(runHeadings, runRows(report.runs.map(({ summary }) => summary))),
  ];
  if (report.sweep.length > 0) {
    const best = sweepRows(report.sweep).slice(0, 10);
    lines.push('', `The best of ${report.sweep.length} weight settings:`);
    lines.push(tableText(sweepHeadings, best));
  }
  return lines.join('\n');
}
