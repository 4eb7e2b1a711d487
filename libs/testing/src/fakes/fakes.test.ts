import { fakeFromArguments } from './arguments.js';
import { type FakeBackend, type FakeOptions, startFakeOllama, startFakeOpenAi } from './mod.js';

const post = (url: string, body: unknown) =>
  fetch(url, { method: 'POST', body: JSON.stringify(body) });
const chatBody = { model: 'sim-chat', messages: [{ role: 'user', content: 'say it back' }] };

describe.each([
  ['OpenAI', startFakeOpenAi, '/v1/chat/completions', 429],
  ['Ollama', startFakeOllama, '/api/chat', 503],
] as const)('a fake %s', (_name, startFake, path, busyStatus) => {
  let fake: FakeBackend;
  const start = async (options: FakeOptions = {}) => {
    fake = await startFake(options);
  };
  const ask = (body: object = {}) => post(fake.url + path, { ...chatBody, stream: false, ...body });
  afterEach(() => fake.stop());

  it('says on every answer that it is simulated', async () => {
    await start();
    const answers = [await ask(), await ask({ model: 'none' }), await fetch(`${fake.url}/nowhere`)];
    expect(
      answers.map((answer) => [answer.status, answer.headers.get('x-switchyard-simulated')]),
    ).toEqual([
      [200, 'true'],
      [404, 'true'],
      [404, 'true'],
    ]);
  });

  it('answers everyone the same, or echoes', async () => {
    await start();
    expect(await (await ask()).text()).toBe(await (await ask()).text());
    await fake.stop();
    await start({ text: 'echo' });
    expect(await (await ask()).text()).toContain('"say it back"');
  });

  it('fails the requests it was told to, by index', async () => {
    await start({ faults: { at: { 1: { kind: 'status', status: 503 } } } });
    const statuses = [await ask(), await ask(), await ask()].map((answer) => answer.status);
    expect(statuses).toEqual([200, 503, 200]);
    expect(fake.counts).toMatchObject({
      calls: 3,
      running: 0,
      runningMax: 1,
      completed: 2,
      aborted: 0,
    });
  });

  it('refuses connections and takes them again on the same port', async () => {
    await start();
    await fake.set({ refuse: true });
    await expect(ask()).rejects.toThrow('fetch failed');
    await fake.set({});
    expect((await ask()).status).toBe(200);
  });

  it('counts what runs and what was aborted', async () => {
    await start({ faults: { all: { kind: 'hang' } } });
    const abort = new AbortController();
    const calls = [1, 2].map(() =>
      fetch(fake.url + path, {
        method: 'POST',
        body: JSON.stringify(chatBody),
        signal: abort.signal,
      }),
    );
    await fake.until(({ running }) => running === 2);
    abort.abort();
    await Promise.allSettled(calls);
    await fake.until(({ aborted }) => aborted === 2);
    expect(fake.counts).toMatchObject({ calls: 2, running: 0, runningMax: 2, completed: 0 });
  });

  it('is busy above its limit', async () => {
    await start({ maxConcurrent: 1, firstTokenDelayMs: 50 });
    const answers = await Promise.all([ask(), ask()]);
    expect(answers.map((answer) => answer.status).sort((a, b) => a - b)).toEqual([200, busyStatus]);
  });

  it('takes its time, token by token', async () => {
    await start({ outputTokens: 5, tokensPerSecond: 200, firstTokenDelayMs: 10 });
    const { body } = await ask({ stream: true });
    const reads: number[] = [];
    for await (const chunk of body as unknown as AsyncIterable<Uint8Array>)
      reads.push(chunk.length);
    expect(reads.length).toBeGreaterThan(1);
  });

  it('takes faults from another process', async () => {
    await start();
    await post(`${fake.url}/__fake/faults`, { all: { kind: 'status', status: 500 } });
    expect((await ask()).status).toBe(500);
    expect(await (await fetch(`${fake.url}/__fake/counts`)).json()).toMatchObject({
      calls: 1,
      completed: 0,
    });
    await post(`${fake.url}/__fake/reset`, {});
    expect((await ask()).status).toBe(200);
  });

  it.each([['not JSON'], ['[]'], ['{}']])('answers a bad body with 4xx: %s', async (text) => {
    await start();
    const answer = await fetch(fake.url + path, { method: 'POST', body: text });
    expect([400, 404]).toContain(answer.status);
  });

  it('asks for its key', async () => {
    await start({ apiKey: 'secret' });
    expect((await ask()).status).toBe(401);
    const answer = await fetch(fake.url + path, {
      method: 'POST',
      body: JSON.stringify(chatBody),
      headers: { authorization: 'Bearer secret' },
    });
    expect(answer.status).toBe(200);
  });
});

describe('a fake from the command line', () => {
  it('is as its arguments say', async () => {
    const fake = await fakeFromArguments([
      '--kind',
      'ollama',
      '--models',
      'a,b',
      '--output-tokens',
      '2',
    ]);
    const answer = await post(`${fake.url}/api/generate`, {
      model: 'b',
      prompt: 'x',
      stream: false,
    });
    expect([fake.kind, await answer.json()]).toEqual([
      'ollama',
      expect.objectContaining({ response: 'the switch' }),
    ]);
    await fake.stop();
  });

  it.each([
    [['--kind', 'grpc'], '--kind must be one of openai, ollama, not "grpc"'],
    [['--port', 'x'], '--port must be a number of 0 or more, not "x"'],
    [['--colour', 'red'], "Unknown option '--colour'"],
  ])('refuses %j', async (args, message) => {
    await expect(fakeFromArguments(args)).rejects.toThrow(message);
  });
});
