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
 * number of its slots; of those that have one `/metrics`, for the use of the KV cache.
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
  const kvUsedRatio = await kvUsedOf(link, rootPath, { server, signal });
  return {
    simulated,
    server,
    version: typeof props.build_info === 'string' ? props.build_info : undefined,
    ...(kvUsedRatio === undefined ? {} : { kvUsedRatio }),
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

/** The gauge of the KV cache in each server's metrics, by its name there. */
const gauges: Readonly<Record<string, RegExp>> = {
  vllm: /^vllm:(?:gpu|kv)_cache_usage_perc(?:\{.*\})? (\S+)/gm,
  'llama.cpp': /^llamacpp:kv_cache_usage_ratio(?:\{.*\})? (\S+)/gm,
  sglang: /^sglang:token_usage(?:\{.*\})? (\S+)/gm,
};

/**
 * How full the KV cache is, by the server's metrics: of several engines the fullest. A server that
 * keeps them to itself is as healthy as another.
 */
async function kvUsedOf(
  link: BackendLink,
  rootPath: string,
  { server = '', signal }: { readonly server: string | undefined; readonly signal: AbortSignal },
): Promise<number | undefined> {
  const gauge = Object.hasOwn(gauges, server) ? gauges[server] : undefined;
  if (!gauge) return undefined;
  try {
    const { text } = await link.ask(`${rootPath}/metrics`, signal);
    const found = Array.from(text.matchAll(gauge), ([, value]) => Number(value));
    const ratios = found.filter((ratio) => ratio >= 0 && ratio <= 1);
    return ratios.length > 0 ? Math.max(...ratios) : undefined;
  } catch (caught) {
    if (caught instanceof DriverFailure && caught.code !== 'loop_detected') return undefined;
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
