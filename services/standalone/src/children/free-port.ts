import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';

/**
 * A port that nobody listens on at 127.0.0.1: the preferred one if free, else one the system picks.
 */
export async function findFreePort(preferred: number): Promise<number> {
  return (await tryPort(preferred)) ?? (await tryPort(0)) ?? preferred;
}

async function tryPort(port: number): Promise<number | undefined> {
  const server = createServer();
  try {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  } catch {
    return undefined;
  } finally {
    server.close();
  }
}
