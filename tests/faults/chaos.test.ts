import type { FaultRow } from '@switchyard/testing';
import { runCommand } from '../e2e/cli-process.js';

/**
 * Beside the kills and the crash windows of this folder the short form of the fault table: rows
 * that need no long waits, by the command itself.
 */
describe('switchyard chaos', () => {
  it('breaks a Switchyard of its own, loses nothing and says so', async () => {
    const only = ['11', '15', '16', '24'];
    const args = ['chaos', '--json', '--only', only.join(',')];
    const { code, out } = await runCommand(args, { cwd: process.cwd(), env: process.env });
    expect(code).toBe(0);
    const { rows } = JSON.parse(out) as { readonly rows: readonly FaultRow[] };
    expect(rows.map(({ row }) => row)).toEqual(only);
    for (const row of rows) {
      expect(row).toMatchObject({ lost: 0, duplicated: 0, chargedTwice: 0, isPassed: true });
    }
  }, 120_000);
});
