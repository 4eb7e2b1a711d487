import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readOrCreateServerRecord } from './server-record.js';

let folder = '';

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'switchyard-record-'));
});

afterEach(() => rm(folder, { recursive: true, force: true }));

describe('readOrCreateServerRecord', () => {
  it('gives all that ask at once the same port and name, and the next start too', async () => {
    const records = await Promise.all(
      Array.from({ length: 20 }, () => readOrCreateServerRecord(folder, 0)),
    );
    const [first] = records;
    expect(records).toEqual(records.map(() => first));
    expect(await readOrCreateServerRecord(folder, 0)).toEqual(first);
    expect(JSON.parse(await readFile(join(folder, 'server.json'), 'utf8'))).toEqual(first);
  });

  it('takes another port where the preferred one is taken', async () => {
    const stranger = createServer().listen(0, '127.0.0.1');
    await once(stranger, 'listening');
    const { port } = stranger.address() as AddressInfo;
    const record = await readOrCreateServerRecord(folder, port);
    stranger.close();
    expect(record.port).not.toBe(port);
    expect(record.port).toBeGreaterThan(0);
  });

  it('names two folders differently', async () => {
    const first = await readOrCreateServerRecord(join(folder, 'a'), 0);
    const second = await readOrCreateServerRecord(join(folder, 'b'), 0);
    expect(first.serverName).not.toBe(second.serverName);
  });

  it.each([
    ['no JSON', '{"port": 42'],
    ['an empty file', ''],
    ['no port', '{"serverName":"a"}'],
    ['a port out of range', '{"port":70000,"serverName":"a"}'],
    ['a name with blanks', '{"port":4222,"serverName":"a b"}'],
    ['null', 'null'],
  ])('says what is wrong and what to do: %s', async (_, text) => {
    const path = join(folder, 'server.json');
    await writeFile(path, text);
    const message = await readOrCreateServerRecord(folder, 0).catch(
      (error: Error) => error.message,
    );
    expect(message).toMatch(/server\.json is damaged: .*\nRestore it .*\nand delete the file/s);
    expect(await readFile(path, 'utf8')).toBe(text);
  });
});
