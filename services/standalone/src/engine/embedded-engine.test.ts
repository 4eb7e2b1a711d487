import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Log, silentLog } from '@switchyard/domain';
import { cacheFolder } from '../binaries/cache-folder.js';
import { identifyProcess } from '../children/process-identity.js';
import { type EmbeddedEngine, startEmbeddedEngine } from './embedded-engine.js';
import { fetchEngine, findEngineOnPath } from './obtain-engine.js';

type Started = Extract<EmbeddedEngine, { kind: 'started' }>;

const search = {
  cacheDir: cacheFolder(process.env['XDG_CACHE_HOME'], homedir()),
  searchPath: process.env['PATH'],
  log: silentLog,
};
const engine =
  (await findEngineOnPath(search)) ?? (await fetchEngine(search).catch(() => undefined));
/** Where no llama-server can be had, only that startEmbeddedEngine says so is tested. */
const where = engine === undefined ? describe.skip : describe;

let dataDir = '';
const running: Started[] = [];

async function start(log: Log = silentLog): Promise<Started> {
  const started = await startEmbeddedEngine({ ...search, dataDir, log });
  if (started.kind !== 'started') throw new Error(started.reason);
  running.push(started);
  return started;
}

const post = async (url: string, body: object) =>
  fetch(url, { method: 'POST', body: JSON.stringify(body) });

beforeEach(async () => {
  dataDir = await realpath(await mkdtemp(join(tmpdir(), 'switchyard-engine-')));
});

afterEach(async () => {
  await Promise.all(running.splice(0).map((each) => each.stop()));
  await rm(dataDir, { recursive: true, force: true });
});

where('a real llama-server on the tiny model:', () => {
  const messages = [{ role: 'user', content: 'Who decides in the yard?' }];

  it('answers a chat with words of the corpus, and counts tokens', async () => {
    const { url, model } = await start();
    const answer = await post(`${url}/v1/chat/completions`, { model, messages, max_tokens: 12 });
    const { choices, usage } = (await answer.json()) as {
      choices: { message: { content: string } }[];
      usage: { prompt_tokens: number; completion_tokens: number; total_tokens: number };
    };
    expect(choices[0]?.message.content).toMatch(/^( ?[a-z]+|[.,;:])+/);
    expect(usage.completion_tokens).toBeGreaterThan(0);
    expect(usage.total_tokens).toBe(usage.prompt_tokens + usage.completion_tokens);
  });

  it('streams a chat with usage at its end', async () => {
    const { url, model } = await start();
    const options = { stream: true, stream_options: { include_usage: true }, max_tokens: 4 };
    const answer = await post(`${url}/v1/chat/completions`, { model, messages, ...options });
    const lines = (await answer.text()).trim().split('\n\n');
    expect(lines.at(-1)).toBe('data: [DONE]');
    expect(lines.at(-2)).toMatch(/"usage":\{"completion_tokens":\d/);
  });

  it('embeds, with texts of the same words nearer than others', async () => {
    const { url, model } = await start();
    const input = ['the wagon waits', 'the wagon stands', 'fresh fish'];
    const answer = await post(`${url}/v1/embeddings`, { model, input });
    const { data } = (await answer.json()) as { data: { embedding: number[] }[] };
    const dot = (a: number, b: number) =>
      data[a]!.embedding.reduce((sum, x, at) => sum + x * data[b]!.embedding[at]!, 0);
    expect(dot(0, 1)).toBeGreaterThan(dot(0, 2));
  });

  it('is started again at the same address when it dies', async () => {
    let runsAgain = () => {};
    const seen = new Promise<void>((resolve) => {
      runsAgain = resolve;
    });
    const info = (_: object, message: string) => {
      if (message.includes('runs again')) runsAgain();
    };
    const started = await start({ ...silentLog, info });
    process.kill(started.pid!, 'SIGKILL');
    await seen;
    expect((await fetch(`${started.url}/health`)).status).toBe(200);
  });

  it('stops with its owner, and is refused to a second one in the folder', async () => {
    const started = await start();
    const second = await startEmbeddedEngine({ ...search, dataDir });
    const pid = started.pid!;
    await started.stop();
    expect(second).toEqual({
      kind: 'unavailable',
      reason: `process ${process.pid} runs the engine of ${join(dataDir, 'engine')}`,
    });
    expect(await identifyProcess(pid)).toBeUndefined();
  });
});

describe('startEmbeddedEngine', () => {
  it('says why there is none, and keeps nothing', async () => {
    const nothing = { cacheDir: join(dataDir, 'cache'), searchPath: dataDir, log: silentLog };
    expect(await startEmbeddedEngine({ ...nothing, dataDir })).toEqual({
      kind: 'unavailable',
      reason: 'this system has no apt with a Debian archive',
    });
  });
});
