import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestNats, startTestNats } from '@switchyard/testing';
import { freePort } from '../faults/processes.js';
import { cliFile, runCommand } from './cli-process.js';

/** The built command against a demo that the command itself has started. */
describe('the switchyard command', () => {
  let folder: string;
  let nats: TestNats;
  let env: Record<string, string | undefined>;
  let demo: ChildProcess;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'switchyard-cli-'));
    nats = await startTestNats();
    const port = await freePort();
    env = {
      PATH: process.env.PATH,
      HOME: folder,
      NATS_URL: nats.url,
      SWITCHYARD_URL: `http://127.0.0.1:${port}`,
      SWITCHYARD_DATA_DIR: join(folder, 'data'),
    };
    demo = spawn(process.execPath, [cliFile, 'up', '--demo', '--port', String(port)], {
      cwd: folder,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
      // A group of its own, to be signalled as a terminal or a service runner does.
      detached: true,
    });
    await saying(demo, 'Switchyard is ready');
  }, 90_000);

  afterAll(async () => {
    if (demo && demo.exitCode === null) {
      const exited = once(demo, 'exit');
      demo.kill('SIGTERM');
      await exited;
    }
    await nats?.stop();
    await rm(folder, { recursive: true, force: true });
  }, 30_000);

  const run = (args: readonly string[], input = '', changes: object = {}) =>
    runCommand(args, { cwd: folder, env: { ...env, ...changes }, input });
  const json = async (...args: readonly string[]) => {
    const { out, code, told } = await run([...args, '--json']);
    if (code !== 0) throw new Error(told);
    return JSON.parse(out);
  };

  it.concurrent('submits, waits and prints the answer; the job id is told beside it', async () => {
    const { code, out, told } = await run(['submit', 'Hello', '-m', 'simulated-chat', '--wait']);
    expect(code).toBe(0);
    expect(out.trim()).not.toBe('');
    expect(told).toMatch(/^job [\w-]+\n/);
  });

  it.concurrent('submits without waiting, from stdin, and prints the id alone', async () => {
    const { code, out } = await run(['submit', '-m', 'simulated-chat'], 'Hello\n');
    expect(code).toBe(0);
    expect(out).toMatch(/^[\w-]{1,64}\n$/);
    const watched = await run(['job', out.trim(), '--watch']);
    expect(watched.code).toBe(0);
    expect(watched.out).toContain('status     completed');
  });

  it.concurrent('streams an answer', async () => {
    const { code, out, told } = await run(['submit', 'Hello', '-m', 'simulated-chat', '--stream']);
    expect({ code, isEmpty: out.trim() === '' }).toEqual({ code: 0, isEmpty: false });
    expect(told).toMatch(/^job [\w-]+ on simulated-[\w-]+ \(SIMULATED\)\n$/);
  });

  it.concurrent('submits over NATS', async () => {
    const args = ['submit', 'Hello', '-m', 'simulated-chat', '--nats', '--wait'];
    const { code, out, told } = await run(args);
    expect({ code, isEmpty: out.trim() === '' }).toEqual({ code: 0, isEmpty: false });
    const id = /^job (cli-[\w-]+)/.exec(told)?.[1] ?? '';
    expect(await json('job', id)).toMatchObject({ task_id: id, status: 'completed' });
  });

  it.concurrent('lists jobs page by page, and shows one', async () => {
    const first = await json('submit', 'One', '-m', 'simulated-chat', '--wait');
    await json('submit', 'Two', '-m', 'simulated-chat', '--wait');
    const page = await json('jobs', '--limit', '1', '--status', 'completed');
    expect(page.tasks).toHaveLength(1);
    const next = await json('jobs', '--limit', '1', '--cursor', page.next_cursor);
    expect(next.tasks[0].task_id).not.toBe(page.tasks[0].task_id);
    expect(await json('job', first.task_id)).toMatchObject({ status: 'completed', kind: 'chat' });
    expect((await run(['jobs', '--kind', 'embedding'])).out).toBe('No such jobs.\n');
  });

  it('rates an answer, once for each who says so', async () => {
    const { task_id, backend } = await json('submit', 'Rate', '-m', 'simulated-chat', '--wait');
    const rated = await run(['rate', task_id, '0.8', '--accuracy', '0.2']);
    expect([rated.code, rated.out]).toEqual([0, `${task_id}: ${backend} is rated 0.6\n`]);
    const again = await run(['rate', task_id, '0.9']);
    expect([again.code, again.out]).toEqual([1, '']);
    expect(again.told).toMatch(/rated before by this user: each of them counts once/);
    expect(await json('rate', task_id, '1', '--source', 'expert')).toMatchObject({ quality: 1 });
  });

  it.concurrent('cancels a job', async () => {
    const { task_id } = await json('submit', 'Long', '-m', 'simulated-large');
    const { code } = await run(['job', task_id, '--cancel']);
    const { code: watched } = await run(['job', task_id, '--watch']);
    const { status } = await json('job', task_id);
    // It may have ended first; then the cancel says so.
    expect([code, watched, status]).toEqual(code === 0 ? [0, 1, 'cancelled'] : [1, 0, 'completed']);
  });

  it.concurrent('lists backends, marked as simulated, and strategies', async () => {
    const { out } = await run(['backends']);
    expect(out).toMatch(/simulated-quick[\w-]* +openai-compatible +healthy .*SIMULATED/);
    const { strategies } = await json('strategies');
    expect(strategies.map(({ name }: { name: string }) => name)).toContain('least_connections');
  });

  it.concurrent('makes a key whose hash is the one it prints', async () => {
    const { key, sha256, env: entry } = await json('key', 'new', '--name', 'ci', '--account', 'a');
    expect(key).toMatch(/^sy_/);
    expect(entry).toBe(`ci:a:${sha256}`);
    expect((await run(['key', 'hash'], `${key}\n`)).out).toBe(`${sha256}\n`);
  });

  it('has a doctor that finds nothing wrong with it', async () => {
    const { isWell, checks } = await json('doctor');
    expect({ isWell, failed: namesOf(checks, 'failed') }).toEqual({ isWell: true, failed: [] });
    expect(namesOf(checks, 'ok')).toEqual(expect.arrayContaining(['NATS', 'streams', 'gateway']));
  });

  it('has a doctor that says what is wrong, and ends with 1', async () => {
    const changes = { SWITCHYARD_URL: 'http://127.0.0.1:1', NATS_URL: 'nats://127.0.0.1:1' };
    const { code, out } = await run(['doctor', '--json'], '', changes);
    expect(code).toBe(1);
    expect(namesOf(JSON.parse(out).checks, 'failed')).toEqual(['NATS', 'gateway']);
  });

  it.concurrent.each<[string, readonly string[], number, RegExp]>([
    ['an unknown job', ['job', 'nobody'], 1, /no (such )?task.*switchyard jobs/],
    ['an unknown model', ['submit', 'x', '-m', 'none'], 1, /"none".*switchyard backends/],
    ['no gateway', ['jobs', '--url', 'http://127.0.0.1:1'], 1, /no Switchyard.*switchyard up/],
    ['a NATS server as gateway', ['jobs', '--url', 'nats://x'], 2, /no http/],
    ['an unknown command', ['frobnicate'], 2, /unknown command/],
    ['a score that is none', ['rate', 'x', '7'], 2, /7.*from 0 to 1/],
    ['a rating of nothing', ['rate', 'nobody', '1'], 1, /no such task.*switchyard jobs/],
    ['no prompt', ['submit', '-m', 'simulated-chat'], 2, /no prompt/],
    ['several models', ['submit', 'x'], 2, /--model is missing.*simulated-chat/],
  ])('says in one line what to do about %s', async (_name, args, code, said) => {
    const ran = await run(args);
    expect({ code: ran.code, out: ran.out }).toEqual({ code, out: '' });
    expect(ran.told.trim()).toMatch(said);
    expect(ran.told.trim().split('\n')).toHaveLength(1);
  });

  it.concurrent('tells scripts of an error in JSON', async () => {
    const { code, told } = await run(['job', 'nobody', '--json']);
    expect([code, JSON.parse(told).error.code]).toEqual([1, 'not_found']);
  });

  it('ends in order when its whole group is signalled: nobody hears it twice', async () => {
    const exited = once(demo, 'exit');
    process.kill(-(demo.pid as number), 'SIGTERM');
    expect(await exited).toEqual([0, null]);
    expect((await run(['jobs'])).code).toBe(1);
  });
});

const namesOf = (checks: readonly { name: string; verdict: string }[], verdict: string) =>
  checks.filter((check) => check.verdict === verdict).map(({ name }) => name);

/** Resolves once a process has said something; rejects with its last words where it ends before. */
function saying(child: ChildProcess, wanted: string): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = '';
    const hear = (part: Buffer) => {
      said += part.toString();
      if (said.includes(wanted)) resolve();
    };
    child.stdout?.on('data', hear);
    child.stderr?.on('data', hear);
    child.once('exit', (code) => reject(new Error(`it ended with ${code}: ${said.slice(-2_000)}`)));
  });
}
