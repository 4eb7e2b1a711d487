import {
  type AttemptRequest,
  ConnectionPool,
  type DriverEvent,
  type JsonObject,
} from '@switchyard/drivers';
import { type FakeBackend, type FakeOptions, startFakeOpenAi } from '@switchyard/testing/fakes';
import { OpenAiCompatibleDriver } from './driver.js';

const chat = (body: JsonObject = {}, stream = false): AttemptRequest => ({
  jobId: 'job-1',
  attemptNo: 1,
  kind: 'chat',
  dialect: 'openai.chat',
  model: 'sim-chat',
  body: { model: 'alias', messages: [{ role: 'user', content: 'hello' }], ...body },
  stream,
  timeouts: { firstByteMs: 5_000, totalMs: 10_000 },
});
const unaborted = () => new AbortController().signal;

const collect = async (events: AsyncIterable<DriverEvent>) => {
  const all: DriverEvent[] = [];
  for await (const event of events) all.push(event);
  return all;
};

describe('OpenAiCompatibleDriver', () => {
  const started: { fake: FakeBackend; driver: OpenAiCompatibleDriver }[] = [];
  const start = async (options: FakeOptions = {}, pool = new ConnectionPool()) => {
    const fake = await startFakeOpenAi(options);
    const backend = { id: 'b', endpointUrl: `${fake.url}/v1`, connectTimeoutMs: 1_000 };
    const driver = new OpenAiCompatibleDriver({ backend, pool });
    started.push({ fake, driver });
    return { fake, driver, pool };
  };
  afterEach(async () => {
    for (const { fake, driver } of started.splice(0)) {
      await driver.close();
      await fake.stop();
    }
  });

  it('sends the body as it came but for model, stream and stream_options', async () => {
    const { fake, driver } = await start();
    await collect(
      driver.start(
        chat({ stream: true, stream_options: { include_usage: true }, a: 1 }),
        unaborted(),
      ),
    );
    expect(fake.lastRequest?.body).toEqual({
      model: 'sim-chat',
      messages: [{ role: 'user', content: 'hello' }],
      a: 1,
    });
    await collect(driver.start(chat({ stream_options: { x: 1 } }, true), unaborted()));
    expect(fake.lastRequest?.body).toEqual({
      model: 'sim-chat',
      messages: [{ role: 'user', content: 'hello' }],
      stream: true,
      stream_options: { x: 1, include_usage: true },
    });
  });

  it.each([
    ['openai', undefined, undefined, 'openai'],
    ['vllm', undefined, 8_192, 'vllm'],
    ['llama.cpp', 4, 4_096, 'llama.cpp'],
  ] as const)('reads what %s says of itself', async (flavour, slots, window, server) => {
    const { driver } = await start({ flavour });
    const found = await driver.check(unaborted());
    expect(found).toMatchObject({ kind: 'passed', server });
    const catalogue = found.kind === 'passed' ? found.catalogue : undefined;
    expect([catalogue?.maxConcurrentRequests, catalogue?.models[0]?.contextWindowTokens]).toEqual([
      slots,
      window,
    ]);
  });

  it.each([
    ['openai', undefined],
    ['vllm', 0.25],
    ['llama.cpp', 0.25],
  ] as const)('reads how full the KV cache of %s is', async (flavour, expected) => {
    const { driver } = await start({ flavour, kvUsedRatio: 0.25 });
    const found = await driver.check(unaborted());
    expect(found.kind === 'passed' && found.kvUsedRatio).toBe(expected);
  });

  it.each([1.5, -1, Number.NaN])('takes a KV cache that is %d full for unknown', async (ratio) => {
    const { driver } = await start({ flavour: 'vllm', kvUsedRatio: ratio });
    const found = await driver.check(unaborted());
    expect(found).toMatchObject({ kind: 'passed' });
    expect(found).not.toHaveProperty('kvUsedRatio');
  });

  it('takes a timeout longer than a timer can be for no timeout at all', async () => {
    const { driver } = await start({ firstTokenDelayMs: 20 });
    const timeouts = { firstByteMs: 2 ** 40, totalMs: Number.POSITIVE_INFINITY };
    const events = await collect(driver.start({ ...chat(), timeouts }, unaborted()));
    expect(events.at(-1)?.kind).toBe('result');
  });

  it('gets several events of one network read as one batch', async () => {
    const { driver } = await start({ outputTokens: 100 });
    const events = await collect(driver.start(chat({}, true), unaborted()));
    const batches = events.filter((event) => event.kind === 'events');
    expect(batches.flatMap((batch) => batch.events)).toHaveLength(102);
    expect(batches.length).toBeLessThan(20);
  });

  it.each([
    [
      'an error under status 200',
      '{"error":{"message":"engine died"}}',
      'the backend reported: engine died',
    ],
    [
      'an answer in one piece',
      '{"choices":[]}',
      'the backend answered a stream request without a stream',
    ],
  ])('tells %s where a stream was asked for', async (_title, body, message) => {
    const { fake, driver } = await start();
    await fake.set({ all: { kind: 'status', status: 200, body } });
    await expect(collect(driver.start(chat({}, true), unaborted()))).rejects.toMatchObject({
      message,
    });
  });

  it.each(['openai.chat', 'openai.embedding'] as const)(
    'takes no empty object for an answer: %s',
    async (dialect) => {
      const { fake, driver } = await start();
      await fake.set({ all: { kind: 'status', status: 200, body: '{}' } });
      await expect(
        collect(driver.start({ ...chat(), dialect }, unaborted())),
      ).rejects.toMatchObject({ code: 'upstream_protocol' });
    },
  );

  it('waits for a free connection above the cap, and never sends what was aborted while it waited', async () => {
    const { fake, driver } = await start(
      {},
      new ConnectionPool({ connectionsMax: 1, connectionsPerBackend: 1 }),
    );
    // One backend always gets room for its checks, so the cap is 2 here.
    await fake.set({ at: { 0: { kind: 'hang' }, 1: { kind: 'hang' } } });
    const first = new AbortController();
    const second = new AbortController();
    const third = new AbortController();
    const hung = [first, second].map(({ signal: own }) =>
      collect(driver.start(chat(), own)).catch((reason) => reason),
    );
    await fake.until(({ calls }) => calls === 2);
    const waiting = collect(driver.start(chat(), third.signal)).catch((reason) => reason);
    const queued = collect(driver.start(chat(), unaborted()));
    third.abort('gave up');
    expect(await waiting).toBe('gave up');
    first.abort('enough');
    expect((await queued).at(-1)?.kind).toBe('result');
    second.abort('enough');
    expect(await Promise.all(hung)).toEqual(['enough', 'enough']);
    expect(fake.counts.calls).toBe(3);
  });

  it('gives the places of failed and aborted attempts back', async () => {
    const { fake, driver, pool } = await start({}, new ConnectionPool({ connectionsMax: 2 }));
    await fake.set({ all: { kind: 'cut' } });
    for (let i = 0; i < 10; i += 1)
      await collect(driver.start(chat({}, i % 2 === 0), unaborted())).catch(() => undefined);
    const aborted = AbortSignal.abort('no');
    for (let i = 0; i < 10; i += 1)
      await collect(driver.start(chat(), aborted)).catch(() => undefined);
    const free = [pool.tryEnter(), pool.tryEnter(), pool.tryEnter()];
    expect(free).toEqual([true, true, false]);
  });

  it('keeps connections and reuses them', async () => {
    const { fake, driver } = await start();
    for (let i = 0; i < 5; i += 1) await collect(driver.start(chat({}, i % 2 === 0), unaborted()));
    expect(fake.counts.completed).toBe(5);
    // The next request may be sent before undici has freed the connection of the last.
    expect(fake.counts.connections).toBeLessThanOrEqual(2);
  });

  it('opens no more connections to a backend than it may', async () => {
    const { fake, driver } = await start({ firstTokenDelayMs: 20 });
    await Promise.all(Array.from({ length: 60 }, () => collect(driver.start(chat(), unaborted()))));
    expect([fake.counts.completed, fake.counts.connections]).toEqual([60, 20]);
  });
});
