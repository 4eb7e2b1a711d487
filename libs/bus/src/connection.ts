import { connect, type ConnectionOptions, type NatsConnection } from '@nats-io/transport-node';
import { AppError } from '@switchyard/domain';

/** How a process reaches NATS. */
export type BusOptions = {
  /** One address or several, separated by commas, as in NATS_URL. */
  readonly url: string;
  /** Shown in the server's connection list. */
  readonly name: string;
  /** Called on each change between connected and not. */
  readonly onStatus?: (isConnected: boolean) => void;
};

/**
 * Connects and keeps reconnecting for as long as the process lives; the first connection must
 * succeed in 10 s.
 */
export async function openConnection(options: BusOptions): Promise<NatsConnection> {
  const settings: ConnectionOptions = {
    servers: options.url.split(',').map((server) => server.trim()),
    name: options.name,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 250,
    reconnectJitter: 100,
    timeout: 10_000,
    pingInterval: 10_000,
    maxPingOut: 2,
    // Listeners of this process hear what it sends directly: see listeners.ts.
    noEcho: true,
  };
  try {
    return await connect(settings);
  } catch (cause) {
    const shown = Array.isArray(settings.servers)
      ? settings.servers.map(withoutSecrets).join(', ')
      : '';
    throw new AppError('unavailable', `no NATS server answers at ${shown}`, { cause });
  }
}

/** An address as it may be shown: user and password removed. */
export const withoutSecrets = (server: string): string => server.replace(/\/\/[^@/]*@/, '//');
