// `npm test [-- jest arguments]`: installs, builds, gets a nats-server, runs jest, ends with one line "N passed, N failed".
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { commandFile, environment, prepare, root, runNode } from './project.mjs';

prepare();
const folder = mkdtempSync(join(tmpdir(), 'switchyard-test-'));
const reportFile = join(folder, 'report.json');
const code = runNode(
  [commandFile('jest'), '--json', `--outputFile=${reportFile}`, ...process.argv.slice(2)],
  {
    NODE_OPTIONS:
      `${process.env.NODE_OPTIONS ?? ''} --experimental-vm-modules --no-warnings`.trim(),
    ...withNatsServer(),
  },
);
const { passed, failed } = count(reportFile);
rmSync(folder, { recursive: true, force: true });
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 || passed === 0 ? 1 : code;

/** Tests find a nats-server on PATH, so the one that we have or fetch is put there; its absence is theirs to report. */
function withNatsServer() {
  const { stdout, status } = spawnSync(
    process.execPath,
    [join(root, 'scripts', 'nats-server.mjs')],
    { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const path = stdout?.trim().split('\n').at(-1) ?? '';
  if (status !== 0 || !existsSync(path)) return {};
  const { PATH, ...rest } = environment();
  return { ...rest, PATH: `${dirname(path)}${delimiter}${PATH}` };
}

/** A suite that could not run at all counts as one failure. */
function count(file) {
  if (!existsSync(file)) return { passed: 0, failed: 1 };
  const report = JSON.parse(readFileSync(file, 'utf8'));
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests + report.numRuntimeErrorTestSuites,
  };
}
