import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const root = process.cwd();

/** One row per way to break an arrow: the rules it breaks, the file, what that file imports. */
const violations: readonly [rules: string, file: string, specifier: string][] = [
  ['domain-imports-nothing', 'libs/domain/src/a.ts', 'zod'],
  ['domain-imports-nothing floor-of-domain', 'libs/domain/src/b.ts', '@switchyard/jobs'],
  ['domain-imports-nothing pure-floors', 'libs/domain/src/c.ts', 'node:crypto'],
  ['floor-of-routing', 'libs/routing/src/a.ts', '@switchyard/health'],
  ['floor-of-health', 'libs/health/src/a.ts', '@switchyard/jobs'],
  ['floor-of-jobs', 'libs/jobs/src/a.ts', '@switchyard/contracts'],
  ['floor-of-contracts', 'libs/contracts/src/a.ts', '@switchyard/drivers'],
  ['floor-of-drivers', 'libs/drivers/src/a.ts', '@switchyard/bus'],
  ['floor-of-bus', 'libs/bus/src/a.ts', '@switchyard/telemetry'],
  ['floor-of-config', 'libs/config/src/a.ts', '@switchyard/bus'],
  ['floor-of-telemetry', 'libs/telemetry/src/a.ts', '@switchyard/config'],
  ['floor-of-executor testing-is-for-tests', 'libs/executor/src/a.ts', '@switchyard/testing'],
  ['pure-floors', 'libs/routing/src/b.ts', 'node:fs'],
  ['pure-floors', 'libs/health/src/b.ts', 'node:crypto'],
  ['pure-floors', 'libs/jobs/src/b.ts', 'node:timers'],
  ['libs-below-services', 'libs/testing/src/a.ts', '@switchyard/service-router'],
  ['services-are-strangers', 'services/gateway/src/a.ts', '@switchyard/service-router'],
  ['services-are-strangers', 'services/admin-http/src/a.ts', '@switchyard/service-gateway'],
  ['services-are-strangers', 'services/executors/ollama/src/a.ts', '@switchyard/service-other'],
  ['testing-is-for-tests', 'services/router/src/a.ts', '@switchyard/testing'],
  ['front-doors-only', 'libs/executor/src/b.ts', '../../bus/src/mod.js'],
  ['front-doors-only', 'services/standalone/src/a.ts', '../../router/src/mod.js'],
  ['nats-in-bus', 'services/router/src/b.ts', '@nats-io/jetstream'],
  ['nats-in-bus', 'libs/executor/src/c.ts', '@nats-io/nats-core'],
  ['nest-in-services', 'libs/executor/src/d.ts', '@nestjs/common'],
  ['nest-in-services', 'libs/bus/src/b.ts', 'rxjs'],
  ['bus-without-nest', 'libs/bus/src/c.ts', './nest/mod.js'],
  ['no-cycles', 'services/router/src/c.ts', './c.js'],
];

/** Imports that must stay allowed, so that a rule which forbids too much shows too. */
const allowed: readonly [file: string, specifier: string][] = [
  ['libs/config/src/z.ts', '@switchyard/routing'],
  ['libs/executor/src/z.ts', '@switchyard/bus'],
  ['libs/jobs/src/z.test.ts', 'node:fs'],
  ['services/router/src/testing/z.ts', '@switchyard/testing'],
  ['libs/bus/src/nest/z.ts', '@nestjs/common'],
  ['libs/bus/src/z.ts', '@nats-io/jetstream'],
  ['services/router/src/z.ts', '@switchyard/service-admin-http'],
  ['services/standalone/src/z.ts', '@switchyard/service-router'],
  ['services/standalone/src/y.ts', '@switchyard/testing'],
];

const rooms: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    'domain routing health jobs contracts drivers bus config telemetry executor testing'
      .split(' ')
      .map((name) => [`libs/${name}`, `@switchyard/${name}`]),
  ),
  'services/gateway': '@switchyard/service-gateway',
  'services/router': '@switchyard/service-router',
  'services/admin-http': '@switchyard/service-admin-http',
  'services/standalone': '@switchyard/service-standalone',
  'services/executors/ollama': '@switchyard/service-ollama',
  'services/executors/other': '@switchyard/service-other',
};

const outside = ['zod', 'rxjs', '@nestjs/common', '@nats-io/jetstream', '@nats-io/nats-core'];

describe('the arrows between rooms', () => {
  it('hold in this tree', async () => {
    expect(await brokenArrows(root, ['libs', 'services', 'tests'])).toEqual([]);
  }, 120_000);

  it('are seen wherever one is broken, and only there', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'switchyard-arrows-'));
    try {
      build(folder);
      const expected = violations.flatMap(([rules, file]) =>
        rules.split(' ').map((rule) => `${rule}: ${file}`),
      );
      expect(await brokenArrows(folder, ['libs', 'services'])).toEqual(expected.toSorted());
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }, 120_000);
});

function build(folder: string): void {
  const write = (path: string, text: string) => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  };
  const writeRoom = (path: string, name: string) => {
    const entry = { '.': { 'switchyard-source': './src/mod.ts' } };
    write(`${path}/package.json`, JSON.stringify({ name, type: 'module', exports: entry }));
    write(`${path}/src/mod.ts`, 'export const here = 1;\n');
  };
  write('tsconfig.json', JSON.stringify({ compilerOptions: { module: 'nodenext' } }));
  for (const name of outside) writeRoom(`node_modules/${name}`, name);
  for (const [path, name] of Object.entries(rooms)) {
    writeRoom(path, name);
    mkdirSync(dirname(join(folder, 'node_modules', name)), { recursive: true });
    symlinkSync(join(folder, path), join(folder, 'node_modules', name), 'junction');
  }
  write('libs/bus/src/nest/mod.ts', 'export const here = 1;\n');
  for (const [, file, specifier] of violations) write(file, `import '${specifier}';\n`);
  for (const [file, specifier] of allowed) write(file, `import '${specifier}';\n`);
}

/** Every broken arrow as "rule: file", sorted. */
async function brokenArrows(folder: string, paths: readonly string[]): Promise<readonly string[]> {
  const depcruise = join(root, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs');
  const rules = join(root, '.dependency-cruiser.cjs');
  const args = [depcruise, '--config', rules, '--output-type', 'json', ...paths];
  const report = await new Promise<string>((resolve, reject) => {
    const options = { cwd: folder, maxBuffer: 64 * 1024 * 1024, env: cleanEnvironment() };
    // The exit code is the number of violations; only an empty answer is a failure to run.
    execFile(process.execPath, args, options, (_, stdout, stderr) =>
      stdout === '' ? reject(new Error(stderr)) : resolve(stdout),
    );
  });
  const { summary } = JSON.parse(report) as {
    summary: { violations: { from: string; rule: { name: string } }[] };
  };
  return summary.violations.map(({ from, rule }) => `${rule.name}: ${from}`).toSorted();
}

function cleanEnvironment(): NodeJS.ProcessEnv {
  const { NODE_OPTIONS: _, ...rest } = process.env;
  return rest;
}
