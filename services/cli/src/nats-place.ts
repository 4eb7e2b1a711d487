import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import type { Config } from '@switchyard/config';

/** What a NATS server says of itself when somebody connects. */
type NatsGreeting = {
  readonly version: string;
  readonly serverName: string;
  readonly hasJetStream: boolean;
};
/** A NATS server and where its address came from. */
export type NatsPlace = {
  readonly url: string;
  readonly source: string;
  /** Absent where nobody greets as a NATS server does. */
  readonly greeting: NatsGreeting | undefined;
};

const greetingTimeoutMs = 3_000;
const embeddedUrl = (port: number): string => `nats://127.0.0.1:${port}`;
/** Where the embedded server listens if its usual port is free. */
const usualPort = 4_222;

/**
 * The configured NATS; else the embedded one of the data folder, or of the demo in it, whichever
 * answers.
 */
export async function findNats({
  nats,
  dataDir,
}: Pick<Config, 'nats' | 'dataDir'>): Promise<NatsPlace> {
  if (nats.url) {
    const greeting = await firstGreeting(nats.url);
    return { url: nats.url, source: 'as configured', greeting };
  }
  const places = await Promise.all(
    [dataDir, join(dataDir, 'demo')].map(async (folder) => {
      const port = await recordedPort(folder);
      if (port === undefined) return undefined;
      const url = embeddedUrl(port);
      return { url, source: `embedded, of ${folder}`, greeting: await firstGreeting(url) };
    }),
  );
  const known = places.filter((place) => place !== undefined);
  const source = `embedded; none has run in ${dataDir} yet`;
  const none = { url: embeddedUrl(usualPort), source, greeting: undefined };
  return known.find(({ greeting }) => greeting) ?? known[0] ?? none;
}

async function recordedPort(folder: string): Promise<number | undefined> {
  try {
    const record = JSON.parse(await readFile(join(folder, 'nats', 'server.json'), 'utf8'));
    const { port } = record as { readonly port?: unknown };
    return typeof port === 'number' ? port : undefined;
  } catch {
    return undefined;
  }
}

/** The greeting of the first server of a list that gives one. */
async function firstGreeting(urls: string): Promise<NatsGreeting | undefined> {
  for (const url of urls.split(',')) {
    const text = url.trim();
    const full = text.includes('://') ? text : `nats://${text}`;
    if (!URL.canParse(full)) continue;
    const { hostname, port } = new URL(full);
    const line = await readGreeting(hostname.replace(/^\[|\]$/g, ''), Number(port || usualPort));
    const greeting = line === undefined ? undefined : parseGreeting(line);
    if (greeting) return greeting;
  }
  return undefined;
}

function readGreeting(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    let text = '';
    const settle = (line: string | undefined) => {
      socket.destroy();
      resolve(line);
    };
    socket.setTimeout(greetingTimeoutMs, () => settle(undefined));
    socket.on('error', () => settle(undefined));
    socket.on('end', () => settle(undefined));
    socket.on('data', (part) => {
      text += part.toString();
      if (text.includes('\n') || text.length > 65_536) settle(text);
    });
  });
}

/** Reads the INFO line of a NATS server; undefined where it is none. */
export function parseGreeting(line: string): NatsGreeting | undefined {
  try {
    const info = JSON.parse(/^INFO (\{.*\})/.exec(line)?.[1] ?? '') as Record<string, unknown>;
    if (typeof info.version !== 'string') return undefined;
    return {
      version: info.version,
      serverName: typeof info.server_name === 'string' ? info.server_name : '',
      hasJetStream: info.jetstream === true,
    };
  } catch {
    return undefined;
  }
}

/** True where a version has what the streams need: 2.12 or newer. */
export function isNewEnough(version: string): boolean {
  const [major = 0, minor = 0] = version.replace(/^v/, '').split('.').map(Number);
  return major > 2 || (major === 2 && minor >= 12);
}
