import { InvalidArgumentError } from 'commander';
import { readUrl } from './context.js';
import { agoText, durationText } from './instants.js';
import { queryOf } from './jobs.js';
import { readDurationMs, readShare, readWhole, readWords } from './readers.js';
import { upArguments } from './up.js';

it.each([
  ['30', 30_000],
  ['30s', 30_000],
  ['1.5s', 1_500],
  ['500ms', 500],
  ['5m', 300_000],
  ['1h', 3_600_000],
])('the duration %s is read', (text, durationMs) => {
  expect(readDurationMs(text)).toBe(durationMs);
});

it.each(['', '0', '-1', '5d', 'soon', '1e3', '5 m'])('the duration "%s" is refused', (text) => {
  expect(() => readDurationMs(text)).toThrow(InvalidArgumentError);
});

it.each(['', '-1', '11', '1.5', 'x', '0x1'])('"%s" is no whole number from 0 to 10', (text) => {
  expect(() => readWhole(0, 10)(text)).toThrow(InvalidArgumentError);
});

it.each([
  ['0', 0],
  ['1', 1],
  ['0.75', 0.75],
  ['.5', 0.5],
])('the share %s is read', (text, share) => {
  expect(readShare(text)).toBe(share);
});

it.each(['', '-0.1', '1.01', '5', '80%', '1e-1', 'good', 'NaN'])('"%s" is no share', (text) => {
  expect(() => readShare(text)).toThrow('from 0 to 1');
});

it('words come separated by commas, and each must be known', () => {
  expect(readWords(['a', 'b'])('a,b')).toBe('a,b');
  expect(() => readWords(['a', 'b'])('a,c')).toThrow('"c" is none of a, b.');
});

it.each([
  [undefined, 'http://127.0.0.1:8080'],
  ['', 'http://127.0.0.1:8080'],
  ['https://yard.example', 'https://yard.example'],
])('the address %s becomes %s', (text, url) => {
  expect(readUrl(text)).toBe(url);
});

it('an address must be of the web', () => {
  expect(() => readUrl('nats://127.0.0.1:4222')).toThrow('no http:// or https:// address');
});

it.each([
  [250, '250 ms'],
  [59_940, '59.9 s'],
  [61_000, '1 m 1 s'],
  [3_660_000, '1 h 1 m'],
  [90_000_000, '1 d 1 h'],
])('%d ms read as %s', (durationMs, text) => {
  expect(durationText(durationMs)).toBe(text);
});

it('what was never has no age, and what lies ahead is now', () => {
  expect(agoText(null, 0)).toBe('');
  expect(agoText('1970-01-01T00:00:10.000Z', 0)).toBe('0 ms');
});

it('filters that were not given are left out of the query', () => {
  expect(queryOf({ status: 'queued,running', limit: 5, cursor: undefined })).toBe(
    'status=queued%2Crunning&limit=5',
  );
});

it('up passes on what it was given, and nothing else', () => {
  expect(upArguments({})).toEqual([]);
  expect(upArguments({ demo: true, dataDir: '/d', natsUrl: 'nats://n', port: '1' })).toEqual([
    '--demo',
    '--port',
    '1',
    '--data-dir',
    '/d',
    '--nats-url',
    'nats://n',
  ]);
});
