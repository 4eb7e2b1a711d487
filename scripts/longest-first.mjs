// The order of the suites for jest where it has measured none of them yet, as in a clean clone:
// the longest first, so that none of them runs alone at the end.
import { relative, sep } from 'node:path';
import TestSequencer from '@jest/test-sequencer';
import { root } from './project.mjs';

/** Suites that take longer than their size tells, in seconds, as last measured on two cores. */
const knownSeconds = {
  'tests/faults/kills.test.ts': 90,
  'tests/simulation/simulation.test.ts': 40,
  'tests/faults/crash-windows.test.ts': 40,
  'tests/e2e/start.test.ts': 50,
  'tests/faults/express-windows.test.ts': 25,
  'tests/arrows.test.ts': 25,
  'tests/faults/ledger-kills.test.ts': 23,
  'tests/e2e/cli.test.ts': 20,
  'tests/e2e/parked.test.ts': 14,
  'tests/faults/ledger-race.test.ts': 12,
  'tests/e2e/stream-restart.test.ts': 10,
  'libs/routing/src/simulator/simulation.test.ts': 11,
  'libs/routing/src/simulator/unequal-fleet.test.ts': 10,
  'tests/faults/chaos.test.ts': 7,
};
/** Of the others: about a second for each kilobyte of it. */
const bytesPerSecond = 1_000;

/** Jest's own order, with a time for every suite. */
export default class LongestFirst extends TestSequencer {
  time(test) {
    const path = relative(root, test.path).split(sep).join('/');
    const { hasteFS } = test.context;
    const guessMs = () => ((hasteFS.getSize(test.path) ?? 0) * 1_000) / bytesPerSecond;
    return super.time(test) ?? (knownSeconds[path] ? knownSeconds[path] * 1_000 : guessMs());
  }
}
