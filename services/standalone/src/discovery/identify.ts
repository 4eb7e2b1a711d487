import { foundBackend } from '@switchyard/config';
import type { Backend } from '@switchyard/domain';
import { request } from 'undici';
import type { Place } from './places.js';

/** What was found at a place. */
export type Found =
  | { readonly kind: 'backend'; readonly backend: Backend }
  | { readonly kind: 'nothing' }
  | { readonly kind: 'switchyard' }
  | { readonly kind: 'stranger' };

/** An answer as identification reads it; undefined where nobody answered. */
export type Answer = { readonly status: number; readonly isSwitchyard: boolean; readonly body: unknown };
export type Ask = (url: string) => Promise<Answer | undefined>;

const askTimeoutMs = 700;

/**
 * Finds out what listens at a place: Ollama by its version, an OpenAI-compatible server by its list of models.
 * A Switchyard is never a backend, whatever it answers.
 */
export async function identify(place: Place, ask: Ask = askOverHttp): Promise<Found> {
  const url = `http://127.0.0.1:${place.port}`;
  const [version, models] = await Promise.all([ask(`${url}/api/version`), ask(`${url}/v1/models`)]);
  if (!version && !models) return { kind: 'nothing' };
  if (version?.isSwitchyard || models?.isSwitchyard) return { kind: 'switchyard' };
  const origin = 'discovered' as const;
  if (version?.status === 200 && hasField(version.body, 'version')) {
    return { kind: 'backend', backend: foundBackend({ id: place.id, kind: 'ollama', endpointUrl: url, origin }) };
  }
  if (models?.status === 200 && hasField(models.body, 'data')) {
    const endpointUrl = `${url}/v1`;
    return { kind: 'backend', backend: foundBackend({ id: place.id, kind: 'openai-compatible', endpointUrl, origin }) };
  }
  return { kind: 'stranger' };
}

const hasField = (body: unknown, name: string): boolean =>
  typeof body === 'object' && body !== null && name in body;

async function askOverHttp(url: string): Promise<Answer | undefined> {
  try {
    const response = await request(url, { signal: AbortSignal.timeout(askTimeoutMs) });
    const text = await response.body.text();
    const isSwitchyard = response.headers['x-switchyard-instance'] !== undefined;
    return { status: response.statusCode, isSwitchyard, body: parse(text) };
  } catch {
    return undefined;
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
