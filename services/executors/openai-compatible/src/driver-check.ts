import {
  type BackendLink,
  type CheckFindings,
  countOf,
  DriverFailure,
  isJsonObject,
  type JsonObject,
} from '@switchyard/drivers';
import type { CatalogueModel, JobKind } from '@switchyard/domain';

/**
 * Asks a server what it has: `/models`, which costs nothing anywhere. Of vLLM also `/health`, which
 * alone knows whether the engine behind the HTTP server lives; of llama.cpp `/props`, for the
 * number of its slots.
 */
export async function checkServer(link: BackendLink, signal: AbortSignal): Promise<CheckFindings> {
  const { body, simulated } = await link.ask(`${link.basePath}/models`, signal);
  const listed = isJsonObject(body) ? body.data : body;
  if (!Array.isArray(listed)) {
    throw new DriverFailure(
      'upstream_protocol',
      'the backend did not answer with a list of models',
    );
  }
  const entries = listed.filter(isJsonObject).filter((entry) => typeof entry.id === 'string');
  const server = serverOf(entries[0]?.owned_by);
  const rootPath = link.basePath.replace(/\/v1$/, '');
  if (server === 'vllm') await link.ask(`${rootPath}/health`, signal);
  const props = server === 'llama.cpp' ? await propsOf(link, rootPath, signal) : {};
  const slots = countOf(props.total_slots);
  return {
    simulated,
    server,
    version: typeof props.build_info === 'string' ? props.build_info : undefined,
    catalogue: {
      models: entries.map((entry) => modelOf(entry, server)),
      ...(slots ? { maxConcurrentRequests: slots } : {}),
    },
  };
}

/** llama.cpp's properties; a server that keeps them to itself is as healthy as another. */
async function propsOf(
  link: BackendLink,
  rootPath: string,
  signal: AbortSignal,
): Promise<JsonObject> {
  try {
    const { body } = await link.ask(`${rootPath}/props`, signal);
    return isJsonObject(body) ? body : {};
  } catch (caught) {
    if (caught instanceof DriverFailure && caught.code !== 'loop_detected') return {};
    throw caught;
  }
}

const servers: Readonly<Record<string, string>> = {
  llamacpp: 'llama.cpp',
  vllm: 'vllm',
  sglang: 'sglang',
  organization_owner: 'lm-studio',
  openai: 'openai',
  system: 'openai',
};

const serverOf = (owner: unknown): string | undefined =>
  typeof owner === 'string' && Object.hasOwn(servers, owner) ? servers[owner] : undefined;

function modelOf(entry: JsonObject, server: string | undefined): CatalogueModel {
  const id = entry.id as string;
  const meta = isJsonObject(entry.meta) ? entry.meta : {};
  const contextWindowTokens =
    countOf(entry.max_model_len) ?? countOf(meta.n_ctx) ?? countOf(meta.n_ctx_train);
  return {
    id,
    kinds: kindsOf(id, server),
    ...(contextWindowTokens ? { contextWindowTokens } : {}),
  };
}

const embedders = /embed|(^|[-_/])(bge|gte|e5|minilm|sentence-t5)([-_/.]|$)/i;
const others = /^(whisper|tts|dall-e|gpt-image|sora|omni-moderation|text-moderation)/i;

/**
 * What a model is for, which no server says: guessed by its name. A name that tells nothing counts
 * as fit for all, but at OpenAI, whose names are known: a refused attempt says more than a model
 * that is never tried.
 */
function kindsOf(id: string, server: string | undefined): readonly JobKind[] {
  if (others.test(id)) return [];
  if (embedders.test(id)) return ['embedding'];
  return server === 'openai' ? ['chat', 'completion'] : ['chat', 'completion', 'embedding'];
}
