import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type FakeBackend, startFakeOpenAi, startTestNats } from '@switchyard/testing';
import { runCommand } from './cli-process.js';
import { Started } from './started.js';
import { StandaloneProcess } from './standalone-process.js';
import { eventually } from './yard.js';

const ask = { model: 'm', messages: [{ role: 'user', content: 'hi' }] };
type Task = { readonly status: string };

/** What an operator does to a standalone that runs: signals and commands. */
describe('an operator', () => {
  const started = new Started();
  let folder: string;
  let fake: FakeBackend;
  let standalone: StandaloneProcess;
  let url: string;

  const configure = (more: string) =>
    writeFile(
      join(folder, 'switchyard.yaml'),
      `queue: { retry_attempts: 1 }
backend_instances:
  one: { backend_type: openai-compatible, endpoint_url: "${fake.url}/v1" }
${more}
`,
    );

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'switchyard-operator-'));
    started.keep({ stop: () => rm(folder, { recursive: true, force: true }) });
    const nats = started.keep(await startTestNats());
    fake = started.keep(await startFakeOpenAi({ models: ['m'] }));
    await configure('');
    standalone = new StandaloneProcess(folder, [], { NATS_URL: nats.url });
    started.keep(standalone);
    url = await standalone.ready();
  }, 60_000);
  afterAll(() => started.stop());

  const chat = () =>
    fetch(`${url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(ask),
    });
  const run = async (...args: readonly string[]): Promise<string> => {
    const env = { PATH: process.env.PATH, HOME: folder, SWITCHYARD_URL: url };
    const { code, out, told } = await runCommand(args, { cwd: folder, env });
    if (code !== 0) throw new Error(`${args.join(' ')}: ${told}`);
    return out;
  };
  const task = async (id: string) =>
    (await (await fetch(`${url}/api/v1/tasks/${id}`)).json()) as Task;

  it('lists, shows, retries and throws away dead letters', async () => {
    await fake.set({ all: { kind: 'status', status: 500 } });
    const failed = await chat();
    const id = failed.headers.get('x-switchyard-job') ?? '';
    expect([failed.status, id.length > 0]).toEqual([502, true]);
    const listed = JSON.parse(await run('dead-letters', '--json'));
    expect(listed).toMatchObject({ dead_letters: [{ task_id: id, can_retry: true }] });
    expect(await run('dead-letters', 'show', id)).toContain('upstream_error');

    await fake.set({});
    const { task_id: again } = JSON.parse(await run('dead-letters', 'retry', id, '--json'));
    await eventually(async () => expect(await task(again)).toMatchObject({ status: 'completed' }));
    expect(await run('dead-letters', '--state', 'all')).toContain(`again as ${again}`);
    expect(await run('dead-letters', 'discard', id)).toBe(`${id} is thrown away\n`);
    expect(await run('dead-letters', '--state', 'all')).toBe('No dead letters.\n');
  }, 30_000);

  it('has the file read again with SIGHUP, and is told which key needs a restart', async () => {
    expect((await chat()).status).toBe(200);
    await configure('accounts: { default: { requests_per_minute: 1 } }');
    standalone.signal('SIGHUP');
    await standalone.told('the configuration was read again');
    expect((await chat()).status).toBe(200);
    const refused = await chat();
    expect([refused.status, refused.headers.get('x-ratelimit-limit')]).toEqual([429, '1']);

    await configure('strategy: random');
    standalone.signal('SIGHUP');
    await standalone.told('the configuration stays as it is');
    const line = standalone.log.find(({ message }) => String(message).includes('stays as it is'));
    expect(line?.err).toContain('strategy: cannot change while it runs');
    expect((await chat()).status).toBe(429);
    await configure('');
    standalone.signal('SIGHUP');
    await eventually(async () => expect((await chat()).status).toBe(200));
  }, 30_000);

  it('drains an executor: it says so, and jobs wait for another', async () => {
    const { nodes } = (await (await fetch(`${url}/api/v1/nodes`)).json()) as {
      nodes: readonly { readonly node_id: string; readonly backends: readonly string[] }[];
    };
    const node = nodes.find(({ backends }) => backends.includes('one'))?.node_id ?? '';
    expect(await run('drain', node)).toBe(`${node} is drained; it had 0 jobs\n`);
    const response = await fetch(`${url}/api/v1/tasks`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ payload: 'hi', parameters: { model: 'm' } }),
    });
    const { task_id: id } = (await response.json()) as { readonly task_id: string };
    const explain = await fetch(`${url}/api/v1/tasks/${id}/explain`);
    expect(await explain.json()).toMatchObject({
      waiting: { verdict: 'wait', excluded: [{ backend: 'one', reason: 'dead' }] },
    });
    expect((await task(id)).status).toBe('queued');
  }, 30_000);
});
