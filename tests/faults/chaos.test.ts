import { execFile } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { FaultRow } from '@switchyard/testing';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const command = join(root, 'services', 'cli', 'dist', 'main.js');

/**
 * Beside the kills and the crash windows of this folder the short form of the fault table: rows
 * that need no long waits, by the command itself.
 */
describe('switchyard chaos', () => {
  it('breaks a Switchyard of its own, loses nothing and says so', async () => {
    const only = ['11', '15', '16', '24'];
    const args = [command, 'chaos', '--json', '--only', only.join(',')];
    const { stdout } = await promisify(execFile)(process.execPath, args);
    const { rows } = JSON.parse(stdout) as { readonly rows: readonly FaultRow[] };
    expect(rows.map(({ row }) => row)).toEqual(only);
    for (const row of rows) {
      expect(row).toMatchObject({ lost: 0, duplicated: 0, chargedTwice: 0, isPassed: true });
    }
  }, 120_000);
});
