import { createServer } from 'node:net';

const portsTriedMax = 100;

/** True where somebody could listen there now. */
const isFree = (host: string, port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(true)));
  });

/**
 * The port to listen on: the one that was chosen, or from the default one upwards the first that is
 * free.
 */
export async function portFor(
  host: string,
  port: { readonly value: number; readonly isSet: boolean },
): Promise<number> {
  if (port.isSet || port.value === 0) return port.value;
  for (let tried = port.value; tried < port.value + portsTriedMax && tried < 65_536; tried += 1) {
    if (await isFree(host, tried)) return tried;
  }
  return port.value;
}
