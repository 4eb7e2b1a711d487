import { AppError } from '@switchyard/domain';
import { CliError, errorText, usageError } from './cli-error.js';
import { refusal, unreachable } from './gateway-api.js';
import { checkOptions, modelsFor } from './submit.js';

const open = { url: 'http://y', apiKey: undefined };

it.each<[string, unknown, string]>([
  ['a remedy follows', new CliError('it broke.', { remedy: 'Mend it.' }), 'it broke. Mend it.'],
  ['none is needed', usageError('what?'), 'what?'],
  ['a library failed', new AppError('unavailable', 'NATS is down'), 'NATS is down'],
  ['it is no error', 'oops', 'oops'],
])('one line for people: %s', (_name, caught, line) => {
  expect(errorText(caught, false)).toBe(`switchyard: ${line}`);
});

it('an error for scripts is one JSON object', () => {
  const text = errorText(new CliError('gone', { code: 'not_found', remedy: 'Look.' }), true);
  expect(JSON.parse(text)).toEqual({
    error: { code: 'not_found', message: 'gone', remedy: 'Look.' },
  });
});

it.each<[string, number, object, string | undefined, RegExp]>([
  ['no key', 401, { code: 'unauthenticated' }, undefined, /^Set SWITCHYARD_API_KEY/],
  ['a wrong key', 401, { code: 'unauthenticated' }, 'sy_x', /is not one of its keys/],
  ['an unknown job', 404, { code: 'not_found' }, undefined, /switchyard jobs/],
  [
    'an unknown model',
    404,
    { code: 'not_found', details: [{ field: 'parameters.model' }] },
    undefined,
    /switchyard backends/,
  ],
  ['a full yard', 429, { code: 'queue_full' }, undefined, /Try again/],
])('the remedy for %s', (_name, status, error, apiKey, remedy) => {
  expect(refusal(status, { error }, { ...open, apiKey }).remedy).toMatch(remedy);
});

it('a refusal without a body still says what it is', () => {
  const error = refusal(502, {}, open);
  expect([error.message, error.code]).toEqual(['http://y answered with HTTP 502', 'http_502']);
});

it('an unreachable gateway is named with the reason', () => {
  const cause = new TypeError('fetch failed', { cause: { code: 'ECONNREFUSED' } });
  expect(unreachable('http://y', cause).message).toBe(
    'no Switchyard answers at http://y (ECONNREFUSED)',
  );
});

it.each([
  ['NATS', { nats: true }],
  ['a NATS address', { natsUrl: 'nats://n' }],
  ['embeddings', { kind: 'embedding' as const }],
  ['a priority', { priority: 9 }],
])('--stream does not go with %s', (_name, changes) => {
  const options = { kind: 'chat' as const, stream: true, timeout: 1, account: 'default' };
  expect(() => checkOptions({ ...options, ...changes })).toThrow(CliError);
  expect(() => checkOptions({ ...options, ...changes, stream: false })).not.toThrow();
});

it('models that do not tell their kinds are offered for every kind', () => {
  const models = [{ id: 'a', kinds: ['chat'] }, { id: 'b', kinds: ['embedding'] }, { id: 'c' }];
  expect(modelsFor(models, 'chat')).toEqual(['a', 'c']);
});
