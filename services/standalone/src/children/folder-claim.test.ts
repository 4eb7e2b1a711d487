import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { claimFolder } from './folder-claim.js';
import { type ProcessIdentity, identifyProcess } from './process-identity.js';

let folder = '';
const children: ChildProcess[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'switchyard-claim-'));
});

afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  await rm(folder, { recursive: true, force: true });
});

/** A process that does nothing until it is killed. */
async function startIdleProcess(): Promise<{ child: ChildProcess; identity: ProcessIdentity }> {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1e6); console.log()']);
  children.push(child);
  await once(child.stdout, 'data');
  return { child, identity: (await identifyProcess(child.pid!))! };
}

const writeRecord = (number: number, record: unknown) =>
  writeFile(join(folder, `owner.${number}.json`), JSON.stringify(record));

describe('claimFolder', () => {
  it('gives the folder to exactly one of many that ask at once', async () => {
    const claims = await Promise.all(Array.from({ length: 20 }, () => claimFolder(folder)));
    const kinds = claims.map(({ kind }) => kind);
    expect(kinds.filter((kind) => kind === 'claimed')).toHaveLength(1);
    expect(kinds.filter((kind) => kind === 'owned')).toHaveLength(19);
  });

  it('gives a dead owner’s folder to exactly one of many that ask at once', async () => {
    const { child, identity } = await startIdleProcess();
    await writeRecord(3, identity);
    child.kill('SIGKILL');
    await once(child, 'exit');
    const claims = await Promise.all(Array.from({ length: 20 }, () => claimFolder(folder)));
    expect(claims.filter(({ kind }) => kind === 'claimed')).toHaveLength(1);
    expect(await readdir(folder)).toEqual(['owner.4.json']);
  });

  it('names the live owner', async () => {
    const { identity } = await startIdleProcess();
    await writeRecord(1, identity);
    expect(await claimFolder(folder)).toEqual({ kind: 'owned', by: identity });
  });

  it('is not deceived by a later process that was given the owner’s number', async () => {
    const { identity } = await startIdleProcess();
    await writeRecord(1, { ...identity, startedAt: '1' });
    expect((await claimFolder(folder)).kind).toBe('claimed');
  });

  it('gives a released folder to the next, and then no other', async () => {
    const first = await claimFolder(folder);
    expect(first.kind).toBe('claimed');
    await (first as Extract<typeof first, { kind: 'claimed' }>).release();
    expect((await claimFolder(folder)).kind).toBe('claimed');
    expect((await claimFolder(folder)).kind).toBe('owned');
  });

  it.each([
    ['counts as alive while its record is fresh', 0, 'owned'],
    ['counts as gone once its record is old', 120_000, 'claimed'],
  ])('an owner in another container %s', async (_, ageMs, kind) => {
    const { identity } = await startIdleProcess();
    await writeRecord(1, { ...identity, where: 'another boot' });
    const at = new Date(Date.now() - ageMs);
    await utimes(join(folder, 'owner.1.json'), at, at);
    expect((await claimFolder(folder)).kind).toBe(kind);
  });

  it('passes over a record that is no record', async () => {
    await writeFile(join(folder, 'owner.7.json'), '{"pid":');
    expect((await claimFolder(folder)).kind).toBe('claimed');
    expect(await readdir(folder)).toEqual(['owner.8.json']);
  });
});
