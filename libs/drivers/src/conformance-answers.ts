import {
  answerOf,
  attempt,
  chat,
  ConformanceRig,
  type ConformanceFake,
  type ConformanceServer,
  prompt,
  run,
} from './conformance-rig.js';
import type { MakeDriver } from './driver.js';
import type { JsonObject } from './json.js';

const weather: JsonObject = {
  type: 'function',
  function: {
    name: 'get_weather',
    parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
  },
};

type Choice = {
  finish_reason: string;
  message: JsonObject & { tool_calls: { function: JsonObject }[] };
};
const firstChoice = (body: JsonObject | undefined) =>
  ((body?.choices ?? []) as unknown as Choice[])[0] as Choice;

/** What good answers become. */
export function describeAnswers(makeDriver: MakeDriver, fake: ConformanceFake): void {
  const rig = new ConformanceRig(makeDriver, fake.basePath);
  let server: ConformanceServer;
  beforeAll(async () => {
    server = await fake.start();
  });
  afterEach(async () => {
    await rig.close();
    await server.reset();
  });
  afterAll(() => server.stop());

  it('gives a chat in one piece', async () => {
    const { result, batches } = await run(rig.driver(server), chat(false));
    expect(batches).toEqual([]);
    expect(result).toMatchObject({
      kind: 'result',
      usage: { inputTokens: expect.any(Number), outputTokens: 20, basis: 'reported' },
      finishReason: 'stop',
      backendModel: 'sim-chat',
      simulated: true,
      body: { object: 'chat.completion', usage: { completion_tokens: 20 } },
    });
    expect(result?.ttftMs).toBeUndefined();
    expect(answerOf(result?.body)).toMatch(/^the switch holds one train .* every car$/);
  });

  it('gives a streamed chat as events and as the same answer in one piece', async () => {
    const whole = await run(rig.driver(server), chat(false));
    const streamed = await run(rig.driver(server), chat(true));
    const answer = answerOf(whole.result?.body);
    expect(streamed.text).toBe(answer);
    expect(streamed.characters).toBe(answer.length);
    expect(answerOf(streamed.result?.body)).toBe(answer);
    expect(streamed.batches.some((batch) => batch.hasContent)).toBe(true);
    expect(firstChoice(streamed.result?.body)).toMatchObject({
      finish_reason: 'stop',
      message: { role: 'assistant' },
    });
    expect(streamed.result).toMatchObject({
      usage: whole.result?.usage,
      finishReason: 'stop',
      backendModel: 'sim-chat',
      ttftMs: expect.any(Number),
      simulated: true,
    });
  });

  it.each([
    ['asked for', { stream_options: { include_usage: true } }, 1],
    ['not asked for', {}, 0],
    ['refused', { stream_options: { include_usage: false } }, 0],
  ])('shows the extra usage chunk only where it is %s', async (_title, body, count) => {
    const { chunks, result } = await run(rig.driver(server), chat(true, body));
    const extra = chunks.filter(
      (chunk) => Array.isArray(chunk.choices) && chunk.choices.length === 0,
    );
    expect(extra).toHaveLength(count);
    expect(extra.every((chunk) => (chunk.usage as JsonObject).completion_tokens === 20)).toBe(true);
    expect(result?.usage?.outputTokens).toBe(20);
  });

  it.each([false, true])('gives a completion, streamed: %s', async (stream) => {
    const request = attempt('openai.completion', stream, { prompt });
    const { result, text } = await run(rig.driver(server), request);
    const answer = answerOf(result?.body);
    expect(answer).toMatch(/^the switch/);
    expect(text).toBe(stream ? answer : '');
    expect(result).toMatchObject({
      body: { object: 'text_completion' },
      usage: { outputTokens: 20 },
      finishReason: 'stop',
    });
  });

  it('gives embeddings, one for each input', async () => {
    const request = attempt('openai.embedding', false, { input: ['first', 'second'] });
    const { result } = await run(rig.driver(server), request);
    const data = result?.body.data as { index: number; embedding: number[] }[];
    expect(data.map((entry) => [entry.index, entry.embedding.length])).toEqual([
      [0, 8],
      [1, 8],
    ]);
    expect(result).toMatchObject({
      usage: { inputTokens: expect.any(Number), outputTokens: 0, basis: 'reported' },
      finishReason: '',
      body: { object: 'list' },
    });
  });

  it('gives embeddings as base64 where asked', async () => {
    const input = 'the same text';
    const plain = await run(rig.driver(server), attempt('openai.embedding', false, { input }));
    const packed = await run(
      rig.driver(server),
      attempt('openai.embedding', false, { input, encoding_format: 'base64' }),
    );
    const embeddingOf = (body: JsonObject | undefined) =>
      ((body?.data ?? []) as { embedding: unknown }[])[0]?.embedding;
    const bytes = Buffer.from(embeddingOf(packed.result?.body) as string, 'base64');
    const vector = Array.from({ length: bytes.length / 4 }, (_, i) => bytes.readFloatLE(i * 4));
    expect(vector).toEqual(embeddingOf(plain.result?.body));
  });

  it.each([false, true])(
    'passes tools to the backend and its calls back, streamed: %s',
    async (stream) => {
      const { result, chunks, batches } = await run(
        rig.driver(server),
        chat(stream, { tools: [weather] }),
      );
      expect(server.lastRequest?.body.tools).toEqual([weather]);
      const { finish_reason, message } = firstChoice(result?.body);
      expect({ finish_reason, message }).toEqual({
        finish_reason: 'tool_calls',
        message: expect.objectContaining({
          role: 'assistant',
          content: null,
          tool_calls: [
            {
              id: expect.any(String),
              type: 'function',
              function: { name: 'get_weather', arguments: '{"city":"some city"}' },
            },
          ],
        }),
      });
      expect(chunks.length > 0).toBe(stream);
      expect(batches.some((batch) => batch.hasContent)).toBe(stream);
      expect(result?.finishReason).toBe('tool_calls');
    },
  );

  it('forwards fields it does not know, and leaves the caller’s body as it was', async () => {
    const odd = { x_unknown: { deep: [1, 'two', null] }, keep_alive: '10m' };
    const request = chat(false, odd);
    const before = JSON.stringify(request.body);
    const { failure } = await run(rig.driver(server), request);
    expect(failure).toBeUndefined();
    expect(server.lastRequest?.body).toMatchObject({ ...odd, model: 'sim-chat' });
    expect(JSON.stringify(request.body)).toBe(before);
  });

  it('keeps the caller’s limits', async () => {
    const { result } = await run(rig.driver(server), chat(false, { max_tokens: 3 }));
    expect(answerOf(result?.body)).toBe('the switch holds');
    expect(result).toMatchObject({ finishReason: 'length', usage: { outputTokens: 3 } });
  });

  it('sends the hop and trace headers', async () => {
    await run(rig.driver(server), chat(false));
    expect(server.lastRequest?.headers).toMatchObject({
      'x-switchyard-hop': '1;gateway-1',
      traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
      authorization: expect.stringMatching(/^Bearer /),
    });
  });

  it('leaves usage undefined where the backend reports none', async () => {
    await server.set({ all: { kind: 'missingUsage' } });
    for (const stream of [false, true]) {
      const { result, failure } = await run(rig.driver(server), chat(stream));
      expect(failure).toBeUndefined();
      expect(result?.usage).toBeUndefined();
    }
    const embedded = await run(
      rig.driver(server),
      attempt('openai.embedding', false, { input: 'a' }),
    );
    expect(embedded.result?.usage).toBeUndefined();
  });

  it('skips what a stream may lawfully hold besides chunks', async () => {
    const plain = await run(rig.driver(server), chat(true));
    await server.set({ all: { kind: 'quirks' } });
    const odd = await run(rig.driver(server), chat(true));
    expect(odd.failure).toBeUndefined();
    expect([odd.text, odd.result?.finishReason, odd.result?.usage]).toEqual([
      plain.text,
      plain.result?.finishReason,
      plain.result?.usage,
    ]);
  });

  it('runs many attempts at once without mixing their answers', async () => {
    const echo = await fake.start({ text: 'echo' });
    const driver = rig.driver(echo);
    const texts = Array.from({ length: 50 }, (_, i) => `message number ${i} of all`);
    const answers = await Promise.all(
      texts.map(async (content, i) => {
        const messages = [{ role: 'user', content }];
        const { result } = await run(driver, chat(i % 2 === 0, { messages }));
        return answerOf(result?.body);
      }),
    );
    await echo.stop();
    expect(answers).toEqual(texts);
  });
}
