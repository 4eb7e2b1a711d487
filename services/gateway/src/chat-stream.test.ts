import { textOf } from '@switchyard/contracts';
import { connect } from 'node:net';
import { once } from 'node:events';
import { completion, delta, eventsOf, gate, Harness, jsonOf } from './testing/harness.js';

const ask = (fields: object = {}) => ({
  model: 'm',
  stream: true,
  messages: [{ role: 'user', content: 'hi' }],
  ...fields,
});
const path = '/v1/chat/completions';

describe('a streamed chat', () => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await Harness.start();
  });
  afterAll(() => harness.stop());
  beforeEach(() => {
    harness.jobs.length = 0;
  });

  it('answers a failure before the first byte with its HTTP status', async () => {
    harness.play = (played) =>
      played.end({ status: 'failed', failure: { code: 'upstream_timeout', message: 'too slow' } });
    const response = await harness.post(path, ask());
    expect(response.status).toBe(504);
    expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(await jsonOf(response)).toEqual({
      error: {
        message: 'too slow',
        type: 'server_error',
        param: null,
        code: 'upstream_timeout',
        job_id: harness.jobs[0]?.id,
      },
    });
  });

  it('ends with an error event and no [DONE] where the stream broke after its first byte', async () => {
    harness.play = async (played) => {
      await played.start();
      played.chunk(0, [delta('a')]);
      await played.end({
        status: 'failed',
        failure: { code: 'stream_interrupted', message: 'the backend closed the connection' },
      });
    };
    const response = await harness.post(path, ask());
    expect(response.status).toBe(200);
    const [first, error, ...rest] = eventsOf(await response.text());
    expect(first).toBe(delta('a'));
    expect(JSON.parse(error ?? '').error).toMatchObject({
      code: 'stream_interrupted',
      message: 'the backend closed the connection',
    });
    expect(rest).toEqual([]);
  });

  it('never sends a byte of another attempt once one was sent', async () => {
    harness.play = async (played) => {
      await played.start();
      played.chunk(0, [delta('a')]);
      played.chunk(0, [delta('x')], { attemptNo: 2 });
      played.chunk(1, [delta('y', 'stop')], { attemptNo: 2 });
      const result = { body: completion('xy'), streamEvents: 2, streamCharacters: 2 };
      await played.end({ status: 'succeeded', result }, 2);
    };
    const events = eventsOf(await (await harness.post(path, ask())).text());
    expect(events[0]).toBe(delta('a'));
    expect(JSON.parse(events[1] ?? '').error.code).toBe('stream_interrupted');
    expect(events).toHaveLength(2);
  });

  it('fills what it missed from the stream', async () => {
    const joined = gate();
    const begun = gate();
    harness.play = async (played) => {
      if (!(await played.start())) return;
      played.chunk(0, [delta('a'), delta('b')]);
      played.chunk(2, [delta('c')]);
      begun.open();
      await joined.opened;
      played.chunk(3, [delta('d')]);
      played.chunk(4, [delta('e', 'stop')]);
      await played.succeed(completion('abcde'), { streamEvents: 5, streamCharacters: 5 });
    };
    const headers = { 'idempotency-key': 'late' };
    const early = harness.post(path, ask(), headers);
    await begun.opened;
    const jobId = (await early).headers.get('x-switchyard-job') ?? '';
    const claimed = listenForClaim(harness, jobId);
    await harness.other.flush();
    const late = harness.post(path, ask(), headers);
    await claimed;
    joined.open();
    const all = [delta('a'), delta('b'), delta('c'), delta('d'), delta('e', 'stop'), '[DONE]'];
    expect(eventsOf(await (await early).text())).toEqual(all);
    expect(eventsOf(await (await late).text())).toEqual(all);
    expect(new Set(harness.jobs.map(({ id }) => id)).size).toBe(1);
  });

  it('sends nothing of it to another request under the same key', async () => {
    let isOver = false;
    harness.play = async (played) => {
      if (!(await played.start())) return;
      // Whoever listens hears the first event, whenever it begins to.
      while (!isOver) {
        played.chunk(0, [delta('a')], { characters: 1 });
        await harness.other.flush();
      }
      await played.succeed(completion('a'), { streamEvents: 1 });
    };
    const headers = { 'idempotency-key': 'streams' };
    const first = await harness.post(path, ask(), headers);
    const other = await harness.post(path, ask({ seed: 2 }), headers);
    isOver = true;
    await first.text();
    expect([first.status, other.status]).toEqual([200, 409]);
  });

  it('fills what nobody has any more from the outcome', async () => {
    harness.play = async (played) => {
      await played.start();
      played.chunk(0, [delta('a')]);
      // The event at 1 was too large for a chunk: it was counted, and never sent.
      played.chunk(2, [delta('c', 'stop')], { offsetCharacters: 2 });
      await played.succeed(completion('abc'), { streamEvents: 3, streamCharacters: 3 });
    };
    const response = await harness.post(path, ask({ stream_options: { include_usage: true } }));
    const events = eventsOf(await response.text());
    expect(events[0]).toBe(delta('a'));
    expect(events.at(-1)).toBe('[DONE]');
    const rest = events.slice(1, -1).map((event) => JSON.parse(event));
    expect(rest.map(({ choices, usage }) => ({ choices, usage }))).toEqual([
      { choices: [{ index: 0, delta: { content: 'bc' }, finish_reason: null }], usage: undefined },
      { choices: [{ index: 0, delta: {}, finish_reason: 'stop' }], usage: undefined },
      { choices: [], usage: completion('').usage },
    ]);
  });

  it('does not say [DONE] where an answer of several choices cannot be completed', async () => {
    harness.play = async (played) => {
      await played.start();
      played.chunk(0, [delta('a')]);
      const body = completion('abc');
      const choices = [...(body.choices as object[]), ...(body.choices as object[])];
      await played.succeed({ ...body, choices } as never, { streamEvents: 3, streamCharacters: 6 });
    };
    const events = eventsOf(await (await harness.post(path, ask({ n: 2 }))).text());
    expect(events).toHaveLength(2);
    expect(JSON.parse(events[1] ?? '').error.code).toBe('stream_interrupted');
  });

  it('keeps the order for a client that reads late, with little memory', async () => {
    const count = 3_000;
    const text = 'x'.repeat(4_000);
    const sent = gate();
    harness.play = async (played) => {
      await played.start();
      for (let at = 0; at < count; at += 1) played.chunk(at, [delta(`${at} ${text}`)]);
      await played.succeed(completion('whatever'), { streamEvents: count });
      await harness.other.flush();
      sent.open();
    };
    const { hostname, port } = new URL(harness.gateway.address);
    const socket = connect(Number(port), hostname);
    await once(socket, 'connect');
    socket.pause();
    const body = JSON.stringify(ask());
    socket.write(
      `POST ${path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\n` +
        `content-length: ${body.length}\r\n\r\n${body}`,
    );
    await sent.opened;
    let received = '';
    socket.on('data', (data) => {
      received += data.toString('latin1');
    });
    socket.resume();
    await once(socket, 'end');
    const seen = [...received.matchAll(/"content":"(\d+) /g)].map((match) => Number(match[1]));
    expect(seen).toEqual(Array.from({ length: count }, (_, at) => at));
    expect(received).toContain('data: [DONE]');
  });
});

/**
 * Listens for the next claim of the job's key: refused, but heard, and by then its client listens
 * for chunks.
 */
function listenForClaim(harness: Harness, jobId: string): Promise<void> {
  const claimed = gate();
  const stop = harness.other.listen(`state.${jobId}`, (_subject, data) => {
    if (JSON.parse(textOf(data)).status !== 'submitted') return;
    stop();
    claimed.open();
  });
  return claimed.opened;
}
