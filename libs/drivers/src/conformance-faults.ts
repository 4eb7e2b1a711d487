import {
  apiKey,
  chat,
  codeOf,
  ConformanceRig,
  type ConformanceFake,
  type ConformanceServer,
  prompt,
  run,
} from './conformance-rig.js';
import type { MakeDriver } from './driver.js';
import { DriverFailure } from './failure.js';

/** What each way to fail becomes. */
export function describeFaults(makeDriver: MakeDriver, fake: ConformanceFake): void {
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

  const small = { maxResponseBytes: 256 * 1024, maxLineCharacters: 64 * 1024 };

  it.each([
    ['a response status 500', { kind: 'status', status: 500 }, 'upstream_error'],
    ['a response status 502', { kind: 'status', status: 502 }, 'upstream_error'],
    ['a response status 529', { kind: 'status', status: 529 }, 'upstream_error'],
    ['a response status 400', { kind: 'status', status: 400 }, 'invalid_request'],
    ['a response status 413', { kind: 'status', status: 413 }, 'invalid_request'],
    ['a response status 422', { kind: 'status', status: 422 }, 'invalid_request'],
    ['a response status 401', { kind: 'status', status: 401 }, 'upstream_unauthorized'],
    ['a response status 402', { kind: 'status', status: 402 }, 'upstream_unauthorized'],
    ['a response status 403', { kind: 'status', status: 403 }, 'upstream_unauthorized'],
    ['a response status 404', { kind: 'status', status: 404 }, 'upstream_model_missing'],
    ['a response status 408', { kind: 'status', status: 408 }, 'upstream_timeout'],
    ['a response status 504', { kind: 'status', status: 504 }, 'upstream_timeout'],
    ['a response status 508', { kind: 'status', status: 508 }, 'loop_detected'],
    ['a redirect', { kind: 'redirect', location: 'http://127.0.0.1:1/' }, 'upstream_protocol'],
    ['a reset before the answer', { kind: 'reset' }, 'upstream_unreachable'],
    ['an answer that breaks off', { kind: 'cut' }, 'upstream_protocol'],
    ['an answer that ends too early', { kind: 'endEarly' }, 'upstream_protocol'],
    ['a malformed chunk', { kind: 'malformedChunk' }, 'upstream_protocol'],
    ['garbage', { kind: 'garbage' }, 'upstream_protocol'],
    ['a web page', { kind: 'wrongContentType' }, 'upstream_protocol'],
    ['a body without end', { kind: 'oversize' }, 'upstream_protocol'],
    ['a line without end', { kind: 'endlessLine' }, 'upstream_protocol'],
    ['an error under status 200', { kind: 'errorInStream' }, 'upstream_error'],
  ])('fails on %s', async (_title, fault, code) => {
    await server.set({ all: fault });
    for (const stream of [false, true]) {
      const ran = await run(rig.driver(server, small), chat(stream));
      expect([stream, codeOf(ran), ran.result]).toEqual([stream, code, undefined]);
    }
    expect(server.counts.calls).toBe(2);
    await server.until(({ running }) => running === 0);
  });

  it('gives up on a line without end long before the answer is too long', async () => {
    await server.set({ all: { kind: 'endlessLine' } });
    const { failure } = await run(rig.driver(server, { maxLineCharacters: 100_000 }), chat(true));
    expect((failure as DriverFailure).message).toMatch(/longer than 100000 characters$/);
  });

  it('fails where the connection is refused', async () => {
    await server.set({ refuse: true });
    const ran = await run(rig.driver(server), chat(false));
    expect(codeOf(ran)).toBe('upstream_unreachable');
  });

  it.each([
    ['seconds', '7', 7_000],
    ['a date', new Date(Date.now() + 1_800_000).toUTCString(), expect.closeTo(1_800_000, -6)],
    ['a date that has passed', new Date(0).toUTCString(), 0],
    ['absurdly long', '999999999', 3_600_000],
    ['nonsense', 'soon', undefined],
    ['negative', '-5', undefined],
    ['nothing', undefined, undefined],
  ])('reads a Retry-After of %s from a 429', async (_title, retryAfter, retryAfterMs) => {
    await server.set({ all: { kind: 'rateLimited', retryAfter } });
    const { failure } = await run(rig.driver(server), chat(true));
    expect(failure).toBeInstanceOf(DriverFailure);
    expect([(failure as DriverFailure).code, (failure as DriverFailure).retryAfterMs]).toEqual([
      'rate_limited',
      retryAfterMs,
    ]);
  });

  const first = { timeouts: { firstByteMs: 200, totalMs: 60_000 }, tokens: 0 };
  const total = { timeouts: { firstByteMs: 1_000, totalMs: 1_500 }, tokens: 3 };
  it.each([
    ['no answer at all', false, { kind: 'hang' }, { ...first, says: 'no answer within 200 ms' }],
    [
      'no stream at all',
      true,
      { kind: 'hang' },
      { ...first, says: 'no first token within 200 ms' },
    ],
    [
      'a slow first token',
      true,
      { kind: 'slow', delayMs: 60_000 },
      { ...first, says: 'no first token within 200 ms' },
    ],
    [
      'a stream that begins without a token',
      true,
      { kind: 'hangMidStream', afterChunks: 0 },
      { ...first, says: 'no first token within 200 ms' },
    ],
    [
      'an answer that stops in the middle',
      false,
      { kind: 'hangMidStream' },
      { ...total, tokens: 0, says: 'no complete answer within 1500 ms' },
    ],
    [
      'a stream that stops in the middle',
      true,
      { kind: 'hangMidStream', afterChunks: 3 },
      { ...total, says: 'no complete answer within 1500 ms' },
    ],
  ])('times out on %s', async (_title, stream, fault, { timeouts, tokens, says }) => {
    await server.set({ all: fault });
    const ran = await run(rig.driver(server), { ...chat(stream), timeouts });
    expect([codeOf(ran), (ran.failure as Error).message]).toEqual([
      'upstream_timeout',
      `the backend gave ${says}`,
    ]);
    expect(ran.text.split(' ').filter(Boolean)).toHaveLength(tokens);
    await server.until(({ aborted }) => aborted === 1, 1_000);
  });

  it('gives what came before a stream broke, and keeps it in the failure', async () => {
    for (const kind of ['cut', 'endEarly', 'malformedChunk', 'errorInStream']) {
      await server.set({ all: { kind, afterChunks: 4 } });
      const ran = await run(rig.driver(server), chat(true));
      expect([kind, ran.text]).toEqual([kind, 'the switch holds one']);
      const kept = (ran.failure as DriverFailure).partialBody?.choices;
      expect([kind, JSON.stringify(kept)]).toEqual([
        kind,
        expect.stringContaining('the switch holds one'),
      ]);
    }
  });

  it.each([
    ['before an answer', false, { kind: 'hang' }],
    ['before a stream', true, { kind: 'hang' }],
    ['in the middle of an answer', false, { kind: 'hangMidStream' }],
    ['before the first token', true, { kind: 'hangMidStream', afterChunks: 0 }],
  ])('closes the connection within a second when aborted %s', async (_title, stream, fault) => {
    await server.set({ all: fault });
    const abort = new AbortController();
    const reason = new Error('the caller went away');
    const running = run(rig.driver(server), chat(stream), abort.signal);
    await server.until(({ calls }) => calls === 1);
    abort.abort(reason);
    expect((await running).failure).toBe(reason);
    await server.until(({ aborted }) => aborted === 1, 1_000);
  });

  it('closes the connection when aborted in the middle of a stream, and keeps what had come', async () => {
    await server.set({ all: { kind: 'hangMidStream', afterChunks: 4 } });
    const abort = new AbortController();
    const reason = new Error('the caller went away');
    let failure: unknown;
    try {
      for await (const event of rig.driver(server).start(chat(true), abort.signal)) {
        expect(event.kind).toBe('events');
        abort.abort(reason);
      }
    } catch (caught) {
      failure = caught;
    }
    expect(failure).toBeInstanceOf(DriverFailure);
    expect(failure).toMatchObject({ code: 'cancelled', cause: reason });
    expect(JSON.stringify((failure as DriverFailure).partialBody)).toContain('the switch');
    await server.until(({ aborted }) => aborted === 1, 1_000);
  });

  it('closes the connection when the stream is left before its end', async () => {
    await server.set({ all: { kind: 'hangMidStream' } });
    for await (const event of rig.driver(server).start(chat(true), new AbortController().signal)) {
      expect(event.kind).toBe('events');
      break;
    }
    await server.until(({ aborted }) => aborted === 1, 1_000);
  });

  it('calls nobody when aborted from the start', async () => {
    const reason = new Error('too late');
    const ran = await run(rig.driver(server), chat(false), AbortSignal.abort(reason));
    expect([ran.failure, server.counts.calls]).toEqual([reason, 0]);
  });

  it('tells no key, no address and no prompt, but why a request was refused', async () => {
    const told = `value too large for Bearer ${apiKey}`;
    const body = JSON.stringify({ error: { message: told, type: 'invalid_request_error' } });
    const messages: string[] = [];
    for (const fault of [
      { kind: 'status', status: 400, body },
      { kind: 'status', status: 401, body },
      { kind: 'status', status: 500, body },
      { kind: 'errorInStream', message: told },
      { kind: 'cut' },
      { kind: 'garbage' },
      { kind: 'reset' },
    ]) {
      await server.set({ all: fault });
      const { failure } = await run(rig.driver(server), chat(true));
      messages.push((failure as DriverFailure).message);
    }
    await server.set({ refuse: true });
    messages.push(((await run(rig.driver(server), chat(true))).failure as DriverFailure).message);
    expect(messages[0]).toContain('value too large');
    expect(messages.join('\n')).not.toMatch(new RegExp(`${apiKey}|127\\.0\\.0\\.1|${prompt}`));
  });
}
