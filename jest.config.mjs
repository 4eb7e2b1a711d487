/**
 * One project for every room: the real sources are run, through the packages' own "source" entry.
 */
export default {
  testEnvironment: 'node',
  testEnvironmentOptions: { customExportConditions: ['switchyard-source', 'node', 'node-addons'] },
  roots: ['<rootDir>/libs', '<rootDir>/services', '<rootDir>/tests'],
  testMatch: ['**/*.test.ts'],
  modulePathIgnorePatterns: ['/dist/'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '^.+\\.ts$': '@swc/jest' },
  moduleNameMapper: {
    '^(\\.{1,2}/.*)\\.js$': '$1',
    // Its package too has a "source" entry, which is TypeScript.
    '^eventsource-parser$': '<rootDir>/node_modules/eventsource-parser/dist/index.js',
  },
  testSequencer: '<rootDir>/scripts/longest-first.mjs',
  testTimeout: 30_000,
  maxWorkers: 2,
  // Of tests that say so themselves: those that start processes and mostly wait for them.
  maxConcurrency: 3,
};
