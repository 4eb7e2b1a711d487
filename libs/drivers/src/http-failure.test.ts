import {
  errorMessageOf,
  failureOfResponse,
  failureOfTransport,
  retryAfterMs,
  shorten,
} from './http-failure.js';

const nowMs = Date.UTC(2025, 9, 9, 8, 0, 0);

describe('Retry-After', () => {
  it.each([
    ['seconds', { 'retry-after': '30' }, 30_000],
    ['fractions of a second', { 'retry-after': '0.5' }, 500],
    ['zero', { 'retry-after': '0' }, 0],
    ['a date', { 'retry-after': 'Thu, 09 Oct 2025 08:00:20 GMT' }, 20_000],
    ['a date in the past', { 'retry-after': 'Thu, 09 Oct 2025 07:00:00 GMT' }, 0],
    ['a date next year', { 'retry-after': 'Fri, 09 Oct 2026 08:00:00 GMT' }, 3_600_000],
    ['more than an hour', { 'retry-after': '86400' }, 3_600_000],
    ['a number too large to hold', { 'retry-after': '9'.repeat(400) }, 3_600_000],
    ['milliseconds, which win', { 'retry-after-ms': '250', 'retry-after': '30' }, 250],
    ['the first of two', { 'retry-after': ['3', '9'] }, 3_000],
    ['spaces around it', { 'retry-after': ' 4 ' }, 4_000],
    ['a negative number', { 'retry-after': '-1' }, undefined],
    ['negative milliseconds', { 'retry-after-ms': '-1' }, undefined],
    ['words', { 'retry-after': 'later' }, undefined],
    ['nothing', { 'retry-after': '' }, undefined],
    ['no header', {}, undefined],
  ])('understands %s', (_title, headers, expected) => {
    expect(retryAfterMs(headers, nowMs)).toBe(expected);
  });
});

describe('the message of an error body', () => {
  it.each([
    [{ error: { message: 'OpenAI says' } }, 'OpenAI says'],
    [{ error: 'Ollama says' }, 'Ollama says'],
    [{ message: 'a proxy says', object: 'error' }, 'a proxy says'],
    [{ detail: 'FastAPI says' }, 'FastAPI says'],
    [{ detail: [{ msg: 'a list' }] }, undefined],
    [{ error: null }, undefined],
    ['text', undefined],
    [undefined, undefined],
  ])('of %j is %j', (body, message) => {
    expect(errorMessageOf(body)).toBe(message);
  });

  it('is put on one line, cut, and freed of keys', () => {
    expect(shorten('bad\n  key sk-abcdefgh12345678 and Bearer abc.def-ghi_jkl')).toBe(
      'bad key [secret] and [secret]',
    );
    expect(shorten('x'.repeat(1_000))).toBe(`${'x'.repeat(299)}…`);
  });

  it('is passed on only where the request was refused', () => {
    const text = '{"error":{"message":"the words of the backend"}}';
    const messages = [400, 401, 404, 429, 500].map(
      (status) => failureOfResponse({ status, headers: {}, text }, nowMs).message,
    );
    expect(messages).toEqual([
      'the words of the backend',
      'the backend answered with status 401',
      'the backend answered with status 404',
      'the backend answered with status 429',
      'the backend answered with status 500',
    ]);
  });
});

describe('a broken exchange', () => {
  const errorOf = (code: string, name = 'Error') =>
    Object.assign(new Error(`${code} 10.0.0.1:80`), { code, name });

  it.each([
    ['refused', errorOf('ECONNREFUSED'), false, 'upstream_unreachable'],
    ['unknown host', errorOf('ENOTFOUND'), false, 'upstream_unreachable'],
    ['bad certificate', errorOf('DEPTH_ZERO_SELF_SIGNED_CERT'), false, 'upstream_unreachable'],
    ['reset before an answer', errorOf('ECONNRESET'), false, 'upstream_unreachable'],
    ['no connection in time', errorOf('UND_ERR_CONNECT_TIMEOUT'), false, 'upstream_timeout'],
    ['not HTTP', errorOf('HPE_INVALID_CONSTANT', 'HTTPParserError'), false, 'upstream_protocol'],
    ['headers too long', errorOf('UND_ERR_HEADERS_OVERFLOW'), false, 'upstream_protocol'],
    ['reset in an answer', errorOf('ECONNRESET'), true, 'upstream_protocol'],
    ['closed in an answer', errorOf('UND_ERR_SOCKET'), true, 'upstream_protocol'],
  ])('%s', (_title, error, hasBegun, code) => {
    const failure = failureOfTransport(error, hasBegun);
    expect(failure.code).toBe(code);
    expect(failure.message).not.toContain('10.0.0.1');
  });
});
