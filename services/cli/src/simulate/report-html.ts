import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { BackendSpec, SweepPoint } from '@switchyard/routing/simulator';
import { chartsOf } from './charts.js';
import type { Report } from './report.js';
import { runHeadings, runRows, sweepHeadings, sweepRows } from './tables.js';

/** The report as one HTML file that needs nothing else: the chart library is in it. */
export function reportHtml(report: Report): string {
  const charts = chartsOf(report);
  const figures = charts.map(
    ({ title }, at) =>
      `<figure><figcaption>${escaped(title)}</figcaption><canvas id="c${at}"></canvas></figure>`,
  );
  const summaries = report.runs.map(({ summary }) => summary);
  const { name, requests, times } = report.trace;
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Simulation of ${escaped(name)}</title><style>${style}</style></head><body>
<h1>Simulation of ${escaped(name)}</h1>
<p>${requests} requests, time compressed ${times.toFixed(3)} times, ${report.fleet.length} backends.
One cache without an end, shared by all backends, would find
${(100 * report.sharedCacheHitRatio).toFixed(1)} % of the prompt tokens.</p>
<pre>${escaped(report.command)}</pre>
${table(runHeadings, runRows(summaries))}
<div class="charts">${figures.join('')}</div>
<h2>Backends</h2>${fleetTable(report.fleet)}
<p>Where a backend's file says nothing else, the numbers are those of LLaMA 70B on four A100 as NVIDIA
published them for TensorRT-LLM (docs/source/performance.md, versions 0.5 and 0.6.1).</p>
${sweepSection(report.sweep)}
<script>${chartLibrary()}</script>
<script>
Chart.defaults.animation = false;
const charts = ${json(charts.map(({ config }) => config))};
charts.forEach((config, at) => new Chart(document.getElementById('c' + at), config));
</script></body></html>
`;
}

const style = `body{font:15px/1.5 system-ui,sans-serif;max-width:1200px;margin:2rem auto;padding:0 1rem;
color:#1b1e23}table{border-collapse:collapse;font-variant-numeric:tabular-nums;font-size:13px}
th,td{padding:.25rem .6rem;text-align:right;border-bottom:1px solid #e2e4e8}
th:first-child,td:first-child{text-align:left;white-space:nowrap}
pre{background:#f4f5f7;padding:.6rem;overflow:auto}
.charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(480px,1fr));gap:1.5rem}
figure{margin:1rem 0}figcaption{font-weight:600}.wide{overflow:auto}`;

function fleetTable(fleet: readonly BackendSpec[]): string {
  const [first] = fleet;
  if (first === undefined) return '';
  const names = Object.keys(first) as (keyof BackendSpec)[];
  const rows = fleet.map((spec) => names.map((name) => textOf(spec[name])));
  return table(names, rows);
}

const textOf = (value: unknown): string =>
  typeof value === 'string' ? value : JSON.stringify(value);

function sweepSection(sweep: readonly SweepPoint[]): string {
  if (sweep.length === 0) return '';
  return `<h2>All ${sweep.length} weight settings</h2>${table(sweepHeadings, sweepRows(sweep))}`;
}

function table(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = (tag: string, row: readonly string[]) =>
    `<tr>${row.map((cell) => `<${tag}>${escaped(cell)}</${tag}>`).join('')}</tr>`;
  const body = rows.map((row) => cells('td', row)).join('');
  return `<div class="wide"><table>${cells('th', headings)}${body}</table></div>`;
}

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');

/** JSON that cannot end the script it stands in. */
const json = (value: unknown): string => JSON.stringify(value).replaceAll('<', '\\u003c');

/** Chart.js as it is served to browsers. */
function chartLibrary(): string {
  const entry = createRequire(import.meta.url).resolve('chart.js');
  return readFileSync(join(dirname(entry), 'chart.umd.min.js'), 'utf8');
}
