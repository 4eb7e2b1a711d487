// `npm test [-- jest arguments]`: installs, builds, gets a nats-server, runs jest, ends with one
// line "N passed, N failed".
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { commandFile, environment, prepare, root, runNode } from './project.mjs';

prepare();
const folder = mkdtempSync(join(tmpdir(), 'switchyard-test-'));
const reportFile = join(folder, 'report.json');
const nodeOptions = `${process.env.NODE_OPTIONS ?? ''} --experimental-vm-modules --no-warnings`;
const code = runNode(
  [commandFile('jest'), '--json', `--outputFile=${reportFile}`, ...process.argv.slice(2)],
  environment({ NODE_OPTIONS: nodeOptions.trim() }, natsServerFolders()),
);
const { passed, failed } = count(reportFile);
rmSync(folder, { recursive: true, force: true });
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 || passed === 0 ? 1 : code;

/**
 * Tests look for nats-server on PATH, so the one that we have or fetch goes there; its absence is
 * theirs to report.
 */
function natsServerFolders() {
  const { stdout, status } = spawnSync(
    process.execPath,
    [join(root, 'scripts', 'nats-server.mjs')],
    { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const path = stdout?.trim().split('\n').at(-1) ?? '';
  return status === 0 && existsSync(path) ? [dirname(path)] : [];
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
