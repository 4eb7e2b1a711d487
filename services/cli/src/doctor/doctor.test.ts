import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Bus } from '@switchyard/bus';
import type { Config } from '@switchyard/config';
import { streams } from '@switchyard/contracts';
import { startTestNats } from '@switchyard/testing';
import type { BackendView } from '../backends.js';
import { isNewEnough, parseGreeting } from '../nats-place.js';
import { checksText, failed, note, ok } from './check.js';
import { checksOf } from './gateway.js';
import { checkConfig, checkDataDir, checkNode } from './machine.js';
import { checkNats, checkStore } from './nats.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'switchyard-doctor-'));
});
afterEach(() => rm(folder, { recursive: true }));

it.each([
  ['v20.19.0', 'ok'],
  ['v22.1.0', 'ok'],
  ['v20.18.3', 'failed'],
  ['v18.20.0', 'failed'],
])('Node.js %s: %s', (version, verdict) => {
  expect(checkNode(version).verdict).toBe(verdict);
});

it('every problem of the configuration is a finding of its own', async () => {
  await writeFile(join(folder, 'switchyard.yaml'), 'strategy: fastest\nqueue: { capacity: 0 }\n');
  const { checks, config } = checkConfig({ SWITCHYARD_HTTP_PORT: 'x' }, folder);
  expect(config).toBeUndefined();
  expect(checks.map(({ verdict }) => verdict)).toEqual(['failed', 'failed', 'failed']);
  expect(checks.map(({ found }) => found)).toEqual([
    expect.stringContaining('switchyard.yaml:1 strategy: '),
    expect.stringContaining('switchyard.yaml:2 queue.capacity: '),
    expect.stringContaining('SWITCHYARD_HTTP_PORT'),
  ]);
});

it('a data folder that is a file is named so; one not there yet is worth a note', async () => {
  const file = join(folder, 'file');
  await writeFile(file, '');
  expect((await checkDataDir(file)).found).toBe(`${file} is no folder`);
  expect((await checkDataDir(join(folder, 'a', 'b'))).verdict).toBe('note');
  expect((await checkDataDir(folder)).verdict).toBe('ok');
});

it.each([
  ['2.12.0', true],
  ['2.15.1', true],
  ['3.0.0-beta', true],
  ['2.11.9', false],
  ['1.4.1', false],
  ['?', false],
])('NATS %s is new enough: %s', (version, isEnough) => {
  expect(isNewEnough(version)).toBe(isEnough);
});

it.each([['HTTP/1.1 400 Bad Request'], ['INFO {'], ['INFO {"version":2}'], ['']])(
  'no greeting of a NATS server: %s',
  (line) => {
    expect(parseGreeting(line)).toBeUndefined();
  },
);

describe('of a NATS server it says', () => {
  /** Greets as a server would and says nothing more. */
  const findings = async (greeting: string) => {
    const server = createServer((socket) => {
      socket.on('error', () => {});
      socket.write(greeting);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    const nats = { url: `nats://ann:secret@127.0.0.1:${port}` };
    const checks = await checkNats({ nats, dataDir: folder } as Config);
    server.close();
    return checks;
  };

  it('that it is too old, and that JetStream is off', async () => {
    const checks = await findings('INFO {"version":"2.10.3"}\r\n');
    expect(checks.map(({ verdict }) => verdict)).toEqual([
      ...['failed', 'failed', 'skipped', 'skipped'],
    ]);
    expect(checks[0]?.found).toContain('2.10.3');
    expect(checks[0]?.found).not.toContain('secret');
  });

  it('that it is none', async () => {
    const checks = await findings('HTTP/1.1 400 Bad Request\r\n');
    expect(checks.map(({ verdict }) => verdict)).toEqual([
      ...['failed', 'skipped', 'skipped', 'skipped'],
    ]);
  });

  it('that it stores nothing any more, and that it does again', async () => {
    const nats = await startTestNats({ storeBytesMax: 2 * 1024 * 1024 });
    const connect = () => Bus.connect({ url: nats.url, name: 'test' });
    const [bus, later] = await Promise.all([connect(), connect()]);
    await bus.provision([streams({ queueCapacity: 9 }).RETRIES], 1);
    const piece = Buffer.alloc(900 * 1024);
    const store = () => bus.publish('jobs.retry.normal.chat.a', piece);
    while (await store().catch(() => undefined));
    const full = await checkStore(bus);
    expect(full).toMatchObject({ verdict: 'failed', found: expect.stringContaining('resources') });
    expect(full.remedy).toContain('max_file_store');
    await bus.deleteSeq('RETRIES', 1);
    expect(await checkStore(later)).toMatchObject({ verdict: 'ok' });
    await Promise.all([bus.drain(), later.drain()]);
    await nats.stop();
  });
});

it.each<[string, Partial<BackendView>, string]>([
  ['healthy', {}, 'ok'],
  ['down', { status: 'unhealthy', message: 'refused' }, 'failed'],
  ['without a model', { models: [] }, 'failed'],
  ['disabled', { enabled: false, status: 'unknown' }, 'note'],
  ['degraded', { status: 'degraded' }, 'note'],
  ['simulated', { simulated: true }, 'note'],
])('a backend that is %s', (_name, changes, verdict) => {
  const backend: BackendView = {
    backend_id: 'a',
    kind: 'ollama',
    endpoint: 'http://127.0.0.1:1',
    enabled: true,
    status: 'healthy',
    breaker: 'closed',
    message: null,
    models: ['m'],
    simulated: false,
    last_resort: false,
    ...changes,
  };
  expect(checksOf([backend]).map((check) => check.verdict)).toEqual([verdict]);
});

it('no backend at all is a failure', () => {
  expect(checksOf([])[0]?.verdict).toBe('failed');
});

it('the findings are one line each, a remedy below, and a sum', () => {
  const checks = [ok('Node.js', 'v20'), failed('NATS', 'gone', 'Start it.'), note('x', 'y')];
  expect(checksText(checks)).toBe(
    [
      'ok       Node.js  v20',
      'FAILED   NATS     gone',
      '                  Start it.',
      'note     x        y',
      '',
      '1 of 3 failed.',
    ].join('\n'),
  );
});
