import type { Usage } from '@switchyard/domain';
import {
  type AttemptRequest,
  countOf,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  type PartialUsage,
} from '@switchyard/drivers';

/** What a backend reported, or the part of it that it did. */
export type ReportedUsage = {
  readonly usage: Usage | undefined;
  readonly partialUsage?: PartialUsage;
};

/**
 * What an answer says it consumed, with every unit that somebody prices. Providers agree on
 * OpenAI's two counts and on little else, so each further unit is looked for under the names in
 * use; embeddings have no output to count.
 */
export function usageOf(
  body: JsonObject,
  { dialect }: Pick<AttemptRequest, 'dialect'>,
): ReportedUsage {
  const reported = body.usage;
  if (!isJsonObject(reported)) return { usage: undefined };
  const inputTokens = countOf(reported.prompt_tokens);
  const said =
    countOf(reported.completion_tokens) ?? (dialect === 'openai.embedding' ? 0 : undefined);
  const reasoningTokens = reasoningOf(reported);
  const counts = { inputTokens, outputTokens: withReasoning(said, reported, reasoningTokens) };
  const units = {
    cachedInputTokens: cachedOf(reported),
    reasoningTokens,
    ...unlessNone('searches', searchesOf(reported)),
    ...unlessNone('images', imagesIn(body.choices)),
    ...unlessNone('reportedCostUsdMicros', reportedCostOf(reported)),
  };
  const { outputTokens } = counts;
  if (inputTokens !== undefined && outputTokens !== undefined) {
    return { usage: { inputTokens, outputTokens, ...units, basis: 'reported' } };
  }
  const partialUsage = { ...counts, ...units };
  const isEmpty = Object.values(partialUsage).every((value) => value === undefined);
  return isEmpty ? { usage: undefined } : { usage: undefined, partialUsage };
}

/** OpenAI's place first; DeepSeek, then Moonshot and Together, have names of their own. */
const cachedOf = (reported: JsonObject): number | undefined =>
  detailOf(reported.prompt_tokens_details, 'cached_tokens') ??
  countOf(reported.prompt_cache_hit_tokens) ??
  countOf(reported.cached_tokens);

/** OpenAI's place first; Perplexity's is beside the counts. */
const reasoningOf = (reported: JsonObject): number | undefined =>
  detailOf(reported.completion_tokens_details, 'reasoning_tokens') ??
  countOf(reported.reasoning_tokens);

/**
 * Reasoning is part of the output; xAI counts it beside, which shows in the total of all three.
 */
function withReasoning(
  outputTokens: number | undefined,
  { prompt_tokens, total_tokens }: JsonObject,
  reasoningTokens = 0,
): number | undefined {
  if (outputTokens === undefined || reasoningTokens === 0) return outputTokens;
  const all = outputTokens + reasoningTokens;
  return total_tokens === (countOf(prompt_tokens) ?? 0) + all ? all : outputTokens;
}

/** Perplexity's and OpenRouter's searches of the web; xAI counts the sources it used. */
const searchesOf = (reported: JsonObject): number | undefined =>
  countOf(reported.num_search_queries) ??
  detailOf(reported.server_tool_use, 'web_search_requests') ??
  countOf(reported.num_sources_used);

/** Images in the answer, as OpenRouter returns them. */
function imagesIn(choices: JsonValue | undefined): number | undefined {
  if (!Array.isArray(choices)) return undefined;
  let count = 0;
  for (const choice of choices) {
    const message = isJsonObject(choice) ? choice.message : undefined;
    const images = isJsonObject(message) ? message.images : undefined;
    if (Array.isArray(images)) count += images.length;
  }
  return count === 0 ? undefined : count;
}

/**
 * What the provider says it charges: OpenRouter's `cost`, Perplexity's `cost.total_cost`, both in
 * US dollars, rounded to a millionth. One in another currency is not ours to convert. With a key of
 * the caller's own behind OpenRouter, its `cost` is the fee alone: the model's is added.
 */
function reportedCostOf(reported: JsonObject): number | undefined {
  const { cost, currency } = reported;
  const total = isJsonObject(cost) ? cost.total_cost : cost;
  const said = isJsonObject(cost) ? (cost.currency ?? currency) : currency;
  if (said !== undefined && said !== 'USD') return undefined;
  const paid = countOf(total);
  if (paid === undefined) return undefined;
  const beside = reported.is_byok === true ? modelPriceOf(reported.cost_details) : 0;
  const micros = beside === undefined ? Number.NaN : Math.round((paid + beside) * 1e6);
  return Number.isSafeInteger(micros) ? micros : undefined;
}

const modelPriceOf = (details: JsonValue | undefined): number | undefined =>
  detailOf(details, 'upstream_inference_cost');

const detailOf = (details: JsonValue | undefined, name: string): number | undefined =>
  isJsonObject(details) ? countOf(details[name]) : undefined;

const unlessNone = <Name extends string>(name: Name, value: number | undefined) =>
  value === undefined ? {} : ({ [name]: value } as Record<Name, number>);
