import { randomBytes } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { StartError } from '../binaries/start-error.js';
import { createExclusively } from '../children/exclusive-file.js';
import { findFreePort } from '../children/free-port.js';

/**
 * Where a data folder's nats-server listens and what it is called: chosen once, kept for the life
 * of the folder.
 */
export type ServerRecord = { readonly port: number; readonly serverName: string };

/**
 * Reads `<folder>/server.json`, or writes it with a free port and a random name where there is
 * none.
 *
 * - Of several processes that find none, all end up with the one that was created first.
 * - Refusal: StartError for a damaged file. It is never replaced silently: another port could put
 *   two servers on one store.
 */
export async function readOrCreateServerRecord(
  folder: string,
  preferredPort: number,
): Promise<ServerRecord> {
  await mkdir(folder, { recursive: true });
  const path = join(folder, 'server.json');
  const known = await readRecord(path);
  if (known !== undefined) return known;
  const record: ServerRecord = {
    port: await findFreePort(preferredPort),
    serverName: `switchyard-${randomBytes(8).toString('hex')}`,
  };
  if (await createExclusively(path, `${JSON.stringify(record)}\n`)) return record;
  return (await readRecord(path)) ?? record;
}

async function readRecord(path: string): Promise<ServerRecord | undefined> {
  const text = await readFile(path, 'utf8').catch((caught: NodeJS.ErrnoException) => {
    if (caught.code === 'ENOENT') return undefined;
    throw new StartError(`${path} cannot be read: ${caught.message}`);
  });
  if (text === undefined) return undefined;
  const record = parseRecord(text);
  if (record !== undefined) return record;
  throw new StartError(
    [
      `${path} is damaged: it must hold {"port": <1 to 65535>, "serverName": "<a-z0-9_->"}.`,
      'Restore it from a copy; or stop any nats-server that still runs on this folder,',
      'and delete the file: a new one is written, and the stored jobs stay.',
    ].join('\n'),
  );
}

function parseRecord(text: string): ServerRecord | undefined {
  try {
    const { port, serverName } = JSON.parse(text) as Partial<Record<keyof ServerRecord, unknown>>;
    const isPort = typeof port === 'number' && Number.isInteger(port) && port > 0 && port < 65_536;
    const isName = typeof serverName === 'string' && /^[\w-]{1,64}$/.test(serverName);
    return isPort && isName ? { port, serverName } : undefined;
  } catch {
    return undefined;
  }
}
