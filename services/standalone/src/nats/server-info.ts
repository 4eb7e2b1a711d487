import { connect } from 'node:net';

/** What answers on a loopback port. */
export type PortAnswer =
  | { readonly kind: 'nats'; readonly serverName: string; readonly jetstream: boolean }
  | { readonly kind: 'free' }
  | { readonly kind: 'stranger' };

/** A NATS server greets at once; whoever is silent for this long is no NATS server, or hangs. */
const greetingTimeoutMs = 2_000;
const greetingBytesMax = 64 * 1024;

/**
 * Reads the greeting of whatever listens on a loopback port.
 *
 * - `free`: nobody listens. `nats`: the name in its INFO line. `stranger`: anything else.
 */
export function askPort(port: number): Promise<PortAnswer> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    const settle = (answer: PortAnswer) => {
      socket.destroy();
      resolve(answer);
    };
    let greeting = '';
    socket.setTimeout(greetingTimeoutMs, () => settle({ kind: 'stranger' }));
    socket.on('connect', () => {
      // The kernel may pick the asked port as our own and join the socket to itself: nobody listens
      // there.
      if (socket.localPort === port) settle({ kind: 'free' });
    });
    socket.on('data', (chunk) => {
      greeting += chunk.toString();
      if (greeting.includes('\n')) settle(parseGreeting(greeting));
      else if (greeting.length > greetingBytesMax) settle({ kind: 'stranger' });
    });
    socket.on('end', () => settle({ kind: 'stranger' }));
    socket.on('error', ({ code }: NodeJS.ErrnoException) =>
      settle({ kind: code === 'ECONNREFUSED' ? 'free' : 'stranger' }),
    );
  });
}

function parseGreeting(greeting: string): PortAnswer {
  const info = /^INFO (\{.*\})\s*\r?\n/.exec(greeting)?.[1];
  try {
    const { server_name: serverName, jetstream } = JSON.parse(info ?? '');
    if (typeof serverName !== 'string') return { kind: 'stranger' };
    return { kind: 'nats', serverName, jetstream: jetstream === true };
  } catch {
    return { kind: 'stranger' };
  }
}
