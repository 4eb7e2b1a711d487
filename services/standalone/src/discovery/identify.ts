import { instanceHeader, simulatedHeader } from '@switchyard/drivers';
import { request } from 'undici';
import type { Place } from './places.js';
import {
  type Answer,
  countModels,
  modelsPath,
  readModels,
  readVersion,
  type Server,
  tagsPath,
  versionPath,
} from './reading.js';

/** What was found at a place. */
export type Found =
  | { readonly kind: 'server'; readonly server: Server; readonly modelCount: number }
  | { readonly kind: 'nothing' }
  /** A Switchyard is never a backend, whatever it answers. */
  | { readonly kind: 'switchyard' }
  /** Something answers that is no model server, or not yet, or not to us. */
  | { readonly kind: 'stranger'; readonly status: number };

/** Asks one address; undefined where nobody answers. */
export type Ask = (url: string) => Promise<Answer | undefined>;

/**
 * Connections refused come back at once; this bounds a listener that says nothing. Longer than the
 * event loop is busy with loading code during a start, so that a healthy answer is not missed then.
 */
const askTimeoutMs = 1_500;
/** A list of models is some hundred bytes for each. */
const bodyBytesMax = 4 * 1024 * 1024;

/**
 * Finds out what listens at a place on this machine. Its usual question comes first and others only
 * where the answer leaves doubt, since some servers log every question they do not know.
 */
export async function identify(place: Place, ask: Ask = askOverHttp): Promise<Found> {
  const url = `http://127.0.0.1:${place.port}`;
  const askFirst = place.software === 'ollama' ? versionPath : modelsPath;
  const first = await ask(url + askFirst);
  if (!first) return { kind: 'nothing' };
  if (first.isSwitchyard) return { kind: 'switchyard' };
  const models = askFirst === modelsPath ? first : undefined;
  const certain = models && readModels(models);
  if (certain && certain.software !== 'openai-compatible') return serverFound(certain, models);
  const version = askFirst === versionPath ? first : await ask(url + versionPath);
  const ollama = version && readVersion(version);
  if (ollama) return serverFound(ollama, await ask(url + tagsPath));
  const other = models ?? (await ask(url + modelsPath));
  const server = other && readModels(other);
  return server ? serverFound(server, other) : { kind: 'stranger', status: first.status };
}

const serverFound = (server: Server, list: Answer | undefined): Found => ({
  kind: 'server',
  server,
  modelCount: countModels(list),
});

/** Any failure means that nobody usable is there. */
async function askOverHttp(url: string): Promise<Answer | undefined> {
  try {
    const signal = AbortSignal.timeout(askTimeoutMs);
    const { statusCode, headers, body } = await request(url, { signal });
    return {
      status: statusCode,
      isSwitchyard: headers[instanceHeader] !== undefined,
      isSimulated: headers[simulatedHeader] === 'true',
      body: parse(await readText(body)),
    };
  } catch {
    return undefined;
  }
}

async function readText(body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const chunk of body) {
    sizeBytes += chunk.length;
    if (sizeBytes > bodyBytesMax) return '';
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
