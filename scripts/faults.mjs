// `npm run test:faults [-- jest arguments]`: every row of the fault table with real processes, one
// after the other, then the table. FAULT_RUNS=10 makes ten runs of each; FAULT_ROWS=<file> keeps
// what was measured there and adds what the file has from runs before. FAULT_KEEP=<folder> keeps
// there, of each run that failed, what the services logged and the server's store.
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { spawnSync } from 'node:child_process';
import { commandFile, environment, prepare, root, runNode } from './project.mjs';

prepare();
const { faultTable } = await import('../libs/testing/dist/fault-table.js');
const folder = mkdtempSync(join(tmpdir(), 'switchyard-fault-table-'));
const keptFile = process.env.FAULT_ROWS ?? join(folder, 'kept.jsonl');
const runs = Number(process.env.FAULT_RUNS ?? 1);
const nodeOptions = `${process.env.NODE_OPTIONS ?? ''} --experimental-vm-modules --no-warnings`;
const { stdout } = spawnSync(process.execPath, [join(root, 'scripts', 'nats-server.mjs')], {
  encoding: 'utf8',
  stdio: ['ignore', 'pipe', 'inherit'],
});
const server = stdout.trim().split('\n').at(-1) ?? '';

let code = 0;
for (let run = 1; run <= runs; run += 1) {
  if (runs > 1) console.log(`run ${run} of ${runs}`);
  const keep = process.env.FAULT_KEEP && join(process.env.FAULT_KEEP, `${process.pid}-${run}`);
  const status = runOnce(join(folder, `${run}.jsonl`), join(folder, `${run}.json`), keep);
  if (keep && status === 0) rmSync(keep, { recursive: true, force: true });
  code = status || code;
}
console.log(`\n${faultTable(linesOf(keptFile))}`);
rmSync(folder, { recursive: true, force: true });
process.exitCode = code;

function runOnce(toldFile, reportFile, keep) {
  const status = runNode(
    [
      commandFile('jest'),
      ...process.argv.slice(2),
      '--runInBand',
      '--testMatch=**/tests/faults/**/*.fault.ts',
      '--json',
      `--outputFile=${reportFile}`,
    ],
    environment(
      {
        NODE_OPTIONS: nodeOptions.trim(),
        SWITCHYARD_TEST_FAULT_TABLE: toldFile,
        ...(keep ? { SWITCHYARD_TEST_KEEP: keep } : {}),
      },
      existsSync(server) ? [dirname(server)] : [],
    ),
  );
  for (const row of judged(linesOf(toldFile), testsOf(reportFile))) {
    appendFileSync(keptFile, `${JSON.stringify(row)}\n`);
  }
  return status;
}

/** What was told, with what its test says; a test that failed before is a row of its own. */
function judged(told, tests) {
  const failed = tests.filter(({ status }) => status === 'failed').map(({ title }) => title);
  const numberOf = (title) => /^row ([\d.]+):/.exec(title)?.[1] ?? '0';
  const failedNumbers = new Set(failed.map(numberOf));
  const silent = failed.filter((title) => !told.some(({ row }) => row === numberOf(title)));
  const nothing = { submitted: 0, finished: 0, lost: 0, duplicated: 0, chargedTwice: 0 };
  return [
    ...told.map((row) => (failedNumbers.has(row.row) ? { ...row, isPassed: false } : row)),
    ...silent.map((title) => {
      const seen = 'no figures: failed before';
      const none = { ...nothing, failed: 0, expired: 0, isPassed: false };
      return { row: numberOf(title), fault: title, ...none, seen };
    }),
  ];
}

function testsOf(file) {
  if (!existsSync(file)) return [];
  const { testResults } = JSON.parse(readFileSync(file, 'utf8'));
  return testResults.flatMap(({ assertionResults }) => assertionResults);
}

function linesOf(file) {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line));
}
