import type { BackendKind } from '@switchyard/domain';
import type { Software } from './places.js';

/** An answer as it is read; the body is undefined where it was no JSON. */
export type Answer = {
  readonly status: number;
  /** It carries the header of a Switchyard door. */
  readonly isSwitchyard: boolean;
  /** It carries the header of one of our simulations. */
  readonly isSimulated: boolean;
  readonly body: unknown;
};

/** A model server, as far as its answers tell. */
export type Server = {
  readonly software: Software;
  readonly kind: BackendKind;
  readonly isSimulated: boolean;
};

/** The questions that tell servers apart; none of them costs anything anywhere. */
export const versionPath = '/api/version';
export const modelsPath = '/v1/models';
export const tagsPath = '/api/tags';

/** Ollama, by the version that only it tells in this way. */
export function readVersion(answer: Answer): Server | undefined {
  if (answer.status !== 200 || typeof fieldOf(answer.body, 'version') !== 'string')
    return undefined;
  return { software: 'ollama', kind: 'ollama', isSimulated: answer.isSimulated };
}

/** Who signs its models with which name. LM Studio keeps the default of its library. */
const owners: Readonly<Record<string, Software>> = {
  llamacpp: 'llama-cpp',
  vllm: 'vllm',
  sglang: 'sglang',
  organization_owner: 'lm-studio',
};

/** A server that lists models as OpenAI does. */
export function readModels(answer: Answer): Server | undefined {
  const models = fieldOf(answer.body, 'data');
  if (answer.status !== 200 || !Array.isArray(models)) return undefined;
  const owner = fieldOf(models[0], 'owned_by');
  const software = typeof owner === 'string' && Object.hasOwn(owners, owner) && owners[owner];
  return {
    software: software || 'openai-compatible',
    kind: 'openai-compatible',
    isSimulated: answer.isSimulated,
  };
}

/** How many models a server lists, by either list. */
export function countModels(answer: Answer | undefined): number {
  const list = fieldOf(answer?.body, 'data') ?? fieldOf(answer?.body, 'models');
  return Array.isArray(list) ? list.length : 0;
}

function fieldOf(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  return (value as Record<string, unknown>)[name];
}
