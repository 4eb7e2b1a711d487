import { completion, delta, eventsOf, Harness } from './testing/harness.js';

const chat = (fields: object = {}) => ({
  model: 'm',
  messages: [{ role: 'user', content: 'hi' }],
  ...fields,
});

describe('POST /v1/chat/completions', () => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await Harness.start();
  });
  afterAll(() => harness.stop());
  beforeEach(() => {
    harness.jobs.length = 0;
    harness.play = (played) => played.succeed(completion('hello'));
  });

  it('answers with the body as the backend gave it and says where it ran', async () => {
    const response = await harness.post(
      '/v1/chat/completions',
      chat({ seed: 7, unknown_field: { a: [1] } }),
    );
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual(completion('hello'));
    const [job] = harness.jobs;
    expect(job).toMatchObject({
      kind: 'chat',
      account: 'default',
      priority: 5,
      model: 'm',
      dialect: 'openai.chat',
      stream: false,
      hasWaiter: true,
      queueTimeoutMs: 30_000,
      body: chat({ seed: 7, unknown_field: { a: [1] } }),
    });
    expect(response.headers.get('x-switchyard-job')).toBe(job?.id);
    expect(response.headers.get('x-switchyard-backend')).toBe('local');
    expect(response.headers.get('x-switchyard-decision')).toBe('d1');
    expect(response.headers.get('x-switchyard-attempts')).toBe('1');
    expect(response.headers.get('x-request-id')).toMatch(/^req-/);
    expect(response.headers.get('x-switchyard-instance')).toBe(harness.gateway.installationId);
  });

  it('forwards a stream in order and ends it with [DONE] once the outcome is there', async () => {
    harness.play = async (played) => {
      await played.start();
      played.chunk(0, [delta('a'), delta('b')]);
      played.chunk(2, [delta('c', 'stop')]);
      await played.succeed(completion('abc'), { streamEvents: 3, streamCharacters: 3 });
    };
    const response = await harness.post('/v1/chat/completions', chat({ stream: true }));
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    expect(response.headers.get('x-switchyard-backend')).toBe('local');
    expect(eventsOf(await response.text())).toEqual([
      delta('a'),
      delta('b'),
      delta('c', 'stop'),
      '[DONE]',
    ]);
  });
});
