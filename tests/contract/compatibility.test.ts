import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = process.cwd();
const baseline = join(root, 'proto', 'baseline.binpb');

describe('the contract', () => {
  it('follows the rules of buf lint', async () => {
    expect(await buf(root, ['lint'])).toBe('');
  });

  it('breaks nothing that was released', async () => {
    expect(await buf(root, ['breaking', '--against', baseline])).toBe('');
  });

  it.each([
    ['a field that changed its type', 'double submitted_at_ms = 11', 'string submitted_at_ms = 11'],
    ['a field that changed its name', 'string account = 3', 'string tenant = 3'],
    ['a field that is gone', 'bool has_waiter = 26;', ''],
  ])('is seen to break by %s', async (_, old, changed) => {
    const folder = mkdtempSync(join(tmpdir(), 'switchyard-contract-'));
    try {
      cpSync(join(root, 'proto'), join(folder, 'proto'), { recursive: true });
      cpSync(join(root, 'buf.yaml'), join(folder, 'buf.yaml'));
      const file = join(folder, 'proto', 'switchyard', 'v1', 'job.proto');
      const text = readFileSync(file, 'utf8');
      expect(text).toContain(old);
      writeFileSync(file, text.replace(old, changed));
      const found = await buf(folder, ['breaking', '--against', baseline]);
      expect(found).toContain('proto/switchyard/v1/job.proto');
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

/** What buf has to say; empty where it is content. */
function buf(cwd: string, args: readonly string[]): Promise<string> {
  const command = join(root, 'node_modules', '@bufbuild', 'buf', 'bin', 'buf');
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [command, ...args], { cwd }, (error, stdout, stderr) => {
      const said = `${stdout}${stderr}`;
      if (error !== null && said === '') reject(error);
      else resolve(said);
    });
  });
}
