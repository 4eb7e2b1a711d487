import { createLogger, type LoggerOptions } from './logger.js';

type Line = Record<string, unknown>;

function open(options: Partial<LoggerOptions> = {}) {
  const written: string[] = [];
  const destination = { write: (line: string) => void written.push(line) };
  const log = createLogger({
    level: 'debug',
    format: 'json',
    service: 'router',
    instanceId: 'router-1',
    destination,
    ...options,
  });
  const lines = (): Line[] => written.map((line) => JSON.parse(line) as Line);
  return { log, written, lines };
}

/** What a library for HTTP throws: an error with everything on it. */
const clientError = Object.assign(
  new Error('Unexpected token \'c\', "canary says hello" is not valid JSON', {
    cause: Object.assign(new Error('cannot decode field Job.body from JSON: "canary"'), {
      code: 'ERR_X',
    }),
  }),
  {
    code: 'ECONNRESET',
    headers: { authorization: 'Bearer canary' },
    body: 'canary',
    config: { data: 'canary', deep: { api_key: 'canary' } },
  },
);

const leaks: readonly [string, object, string?][] = [
  ['an authorization header', { authorization: 'Bearer canary' }],
  ['headers', { headers: { cookie: 'canary' }, req: { headers: ['canary'] } }],
  ['keys, however spelled', { apiKey: 'canary', 'x-api-key': 'canary', API_KEY: 'canary' }],
  ['a key deep within', { a: { b: [{ c: { Authorization: 'canary' } }] } }],
  ['a body', { body: { messages: [{ role: 'user', content: 'canary' }] } }],
  ['messages', { messages: [{ content: 'canary' }] }],
  ['a prompt and an answer', { job: { prompt: 'canary', output: ['canary'] } }],
  ['bytes', { chunk: new TextEncoder().encode('canary') }],
  ['an error and what hangs on it', { err: clientError }],
  ['an error under another name', { cause: clientError }],
  ['an error made into a text', { err: String(clientError) }],
  ['a password in an address', { url: 'nats://me:canary@n1:4222', at: new URL('http://canary@x') }],
  ['a token in a text', { note: 'sent Bearer canary.canary and sk-canarycanarycanary' }],
  ['a long quotation', { err: `expected object, got "canary ${'x'.repeat(60)}"` }],
  ['a secret in the message', {}, 'refused: Bearer canary'],
  ['a prompt in the message', {}, 'Unexpected token, ..."the canary"... is not valid JSON'],
];

describe('a log line', () => {
  it('has the event, its service and its fields', () => {
    const { log, lines } = open();
    log.warn({ jobId: 'j1', backendId: 'gpu', attemptNo: 2 }, 'orphan sent back');
    expect(lines()).toEqual([
      {
        level: 'warn',
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
        service: 'router',
        instanceId: 'router-1',
        jobId: 'j1',
        backendId: 'gpu',
        attemptNo: 2,
        message: 'orphan sent back',
      },
    ]);
  });

  it('carries the fields of its child logger, and the id of the trace', () => {
    const { log, lines } = open();
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    log.child({ jobId: 'j1', traceparent }).child({ attemptNo: 1 }).info({ seq: 4 }, 'started');
    log.info({ traceparent: 'canary' }, 'no trace');
    const traceId = '0af7651916cd43dd8448eb211c80319c';
    expect(lines()[0]).toMatchObject({ jobId: 'j1', traceId, attemptNo: 1, seq: 4 });
    expect(lines()[0]).not.toHaveProperty('traceparent');
    expect(lines()[1]).not.toHaveProperty('traceparent');
  });

  it('is written from its level on', () => {
    const { log, lines } = open({ level: 'warn' });
    log.info({}, 'no');
    log.error({}, 'yes');
    expect(lines().map(({ message }) => message)).toEqual(['yes']);
    const silent = open({ level: 'silent' });
    silent.log.error({}, 'no');
    expect(silent.written).toEqual([]);
  });

  it('tells what an error is, and what caused it', () => {
    const { log, lines } = open();
    log.error({ err: clientError }, 'failed');
    expect(lines()[0]?.err).toEqual({
      type: 'Error',
      message: 'Unexpected token \'c\', "[redacted]" is not valid JSON',
      code: 'ECONNRESET',
      stack: expect.stringMatching(/^ {4}at /),
      cause: {
        type: 'Error',
        message: 'cannot decode field Job.body from JSON: [redacted]',
        code: 'ERR_X',
        stack: expect.stringMatching(/^ {4}at /),
      },
    });
  });

  it('keeps what is no secret', () => {
    const { log, lines } = open();
    const fields = {
      err: "the lease can't be renewed: the server at nats://127.0.0.1:4222 didn't answer in time",
      inputTokens: 5,
      input: 5,
      stream: true,
      none: null,
      at: new Date(0),
      size: 5n,
      seen: new Set(['a']),
    };
    log.info(fields, "can't say more: it isn't known");
    expect(lines()[0]).toMatchObject({
      ...fields,
      at: '1970-01-01T00:00:00.000Z',
      size: '5',
      seen: '[1 entries]',
      message: "can't say more: it isn't known",
    });
  });

  it('stays small, and one line, whatever it is given', () => {
    const { log, written } = open();
    const circular: Record<string, unknown> = { list: Array.from({ length: 5_000 }, () => 'y') };
    circular.self = circular;
    log.info(
      {
        circular,
        long: 'z'.repeat(1e6),
        many: Object.fromEntries('x'.repeat(5_000).split('').entries()),
      },
      'a\nb',
    );
    expect(written).toHaveLength(1);
    expect(written[0]?.trimEnd()).not.toContain('\n');
    expect(written[0]?.length).toBeLessThan(10_000);
  });
});

describe.each(['json', 'text'] as const)('a canary in %s', (format) => {
  it.each(leaks)('never shows: %s', (_, fields, message = 'something happened') => {
    const { log, written } = open({ format });
    log.error(fields, message);
    log.child(fields).error({ nested: [fields] }, 'again');
    expect(written).toHaveLength(2);
    expect(written.join('')).not.toMatch(/canary/i);
  });
});

describe('text for a terminal', () => {
  const text = (isTTY: boolean, format: LoggerOptions['format'] = 'auto') => {
    const written: string[] = [];
    const destination = { isTTY, write: (line: string) => void written.push(line) };
    return { ...open({ format, destination }), written };
  };

  it('is one line of time, level, service, message and fields', () => {
    const { log, written } = text(false, 'text');
    log.info({ backendId: 'gpu', note: 'two words', count: 2, list: [1] }, 'found');
    expect(written).toHaveLength(1);
    expect(written[0]).toMatch(
      /^\d\d:\d\d:\d\dZ info {2}router found backendId=gpu note="two words" count=2 list=\[1\]\n$/,
    );
  });

  it('is coloured there and JSON elsewhere, unless it is said', () => {
    const terminal = text(true);
    terminal.log.warn({}, 'x');
    expect(terminal.written[0]).toContain('\u001b[33mwarn \u001b[0m');
    const pipe = text(false);
    pipe.log.warn({}, 'x');
    expect(pipe.written[0]).toMatch(/^\{"level":"warn"/);
    const asked = text(true, 'json');
    asked.log.warn({}, 'x');
    expect(asked.written[0]).toMatch(/^\{"level":"warn"/);
  });

  it('shows an error with its stack below', () => {
    const { log, written } = text(false, 'text');
    log.error({ err: new TypeError('no such thing') }, 'failed');
    expect(written[0]).toMatch(/failed err="no such thing"\n {6}at .*\n/);
  });

  it('lets no field move the cursor or begin a line', () => {
    const { log, written } = text(false, 'text');
    log.info({ model: 'a\u001b[2J\nb', 'na\rme': 1, deep: { x: '\u009b' } }, 'me\nssage');
    // oxlint-disable-next-line no-control-regex
    expect(written[0]?.slice(0, -1)).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
    expect(written[0]).toContain('me\\u000assage');
  });
});
