import { describeAnswers } from './conformance-answers.js';
import { describeChecks } from './conformance-checks.js';
import { describeFaults } from './conformance-faults.js';
import type { ConformanceFake } from './conformance-rig.js';
import type { MakeDriver } from './driver.js';

export type { ConformanceFake, ConformanceServer } from './conformance-rig.js';

/**
 * The suite that every driver passes, against a fake that speaks its protocol: what a good answer
 * becomes, what each way to fail becomes, and that an abort reaches the backend. Call it from
 * `driver.conformance.test.ts`.
 */
export function describeDriver(name: string, makeDriver: MakeDriver, fake: ConformanceFake): void {
  describe(`${name} driver`, () => {
    describeAnswers(makeDriver, fake);
    describeFaults(makeDriver, fake);
    describeChecks(makeDriver, fake);
  });
}
