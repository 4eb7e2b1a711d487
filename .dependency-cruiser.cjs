// The arrows of docs/ARCHITECTURE.md as a failing check: `npm run arrows`.

/**
 * Every lib with its floor. A lib imports only libs of lower floors, and the neighbours named here.
 */
const libs = {
  domain: { floor: 0 },
  routing: { floor: 1 },
  health: { floor: 1 },
  jobs: { floor: 1 },
  ledger: { floor: 1 },
  contracts: { floor: 2 },
  drivers: { floor: 2 },
  bus: { floor: 3 },
  config: { floor: 3 },
  telemetry: { floor: 3 },
  executor: { floor: 3, neighbours: ['bus', 'config', 'telemetry'] },
};

const names = Object.keys(libs);
const pure = names.filter((name) => libs[name].floor <= 1).join('|');
/** Tests, and the folder in which a room keeps what only its tests use. */
const tests = '\\.test\\.ts$|/src/testing/';

const mayImport = (name) =>
  names.filter(
    (other) =>
      other === name ||
      libs[other].floor < libs[name].floor ||
      libs[name].neighbours?.includes(other),
  );

const floors = names.map((name) => ({
  name: `floor-of-${name}`,
  comment: `libs/${name} (floor ${libs[name].floor}) may import only: ${mayImport(name).join(', ')}.`,
  severity: 'error',
  from: { path: `^libs/${name}/src/`, pathNot: tests },
  to: { path: '^libs/', pathNot: `^libs/(${mayImport(name).join('|')})/` },
}));

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    ...floors,
    {
      name: 'libs-below-services',
      comment: 'A lib never imports a service, a test or a bench.',
      severity: 'error',
      from: { path: '^libs/' },
      to: { path: '^(services|tests|bench|scripts)/' },
    },
    {
      name: 'services-are-strangers',
      comment:
        'Services talk over the bus. Only standalone composes them; admin-http is the one room they share.',
      severity: 'error',
      from: { path: '^services/(executors/[^/]+|[^/]+)/', pathNot: '^services/standalone/' },
      to: { path: '^services/', pathNot: '^services/(admin-http|$1)/' },
    },
    {
      name: 'testing-is-for-tests',
      comment:
        'Production code never imports libs/testing; standalone does, for --demo, and the chaos and simulate commands.',
      severity: 'error',
      from: {
        path: '^(libs|services)/',
        pathNot: `${tests}|^libs/testing/|^services/standalone/|^services/cli/src/(chaos|simulate)/|^libs/drivers/src/conformance`,
      },
      to: { path: '^libs/testing/' },
    },
    {
      name: 'front-doors-only',
      comment: 'A room is imported by its package name, never by a path into its src.',
      severity: 'error',
      from: { path: '^((?:libs|services/executors|services)/[^/]+)/' },
      to: {
        path: '^(libs|services)/',
        pathNot: '^$1/',
        dependencyTypes: ['local'],
        dependencyTypesNot: ['aliased', 'aliased-workspace', 'npm'],
      },
    },
    {
      name: 'nats-in-bus',
      comment: '@nats-io belongs to libs/bus, and to the test server in libs/testing.',
      severity: 'error',
      from: { path: '^(libs|services)/', pathNot: `^libs/(bus|testing)/|${tests}` },
      to: { path: '(^|/)@nats-io/' },
    },
    {
      name: 'nest-in-services',
      comment: 'Nest and rxjs live in services/ and in the transport strategy of libs/bus.',
      severity: 'error',
      from: { path: '^libs/', pathNot: '^libs/bus/src/nest/' },
      to: { path: '(^|/)(@nestjs/|rxjs(/|$)|reflect-metadata)' },
    },
    {
      name: 'bus-without-nest',
      comment: 'The rest of libs/bus does not know the Nest folder.',
      severity: 'error',
      from: { path: '^libs/bus/src/', pathNot: '^libs/bus/src/nest/' },
      to: { path: '^libs/bus/src/nest/' },
    },
    {
      name: 'pure-floors',
      comment: 'Floors 0 and 1 are pure: no Node built-ins.',
      severity: 'error',
      from: { path: `^libs/(${pure})/src/`, pathNot: tests },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'domain-imports-nothing',
      comment: 'The words everything else uses depend on nothing, packages included.',
      severity: 'error',
      from: { path: '^libs/domain/src/', pathNot: tests },
      to: { pathNot: '^libs/domain/src/' },
    },
    {
      name: 'no-cycles',
      comment: 'A cycle has no first file to read.',
      severity: 'error',
      from: { path: '^(libs|services|tests|bench)/', pathNot: '^libs/contracts/src/generated/' },
      to: { circular: true },
    },
    {
      name: 'resolvable',
      comment: 'Every import leads somewhere.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)dist/' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['switchyard-source', 'import', 'node', 'default', 'types'],
      extensions: ['.ts', '.mts', '.js', '.mjs', '.cjs', '.json'],
    },
  },
};
