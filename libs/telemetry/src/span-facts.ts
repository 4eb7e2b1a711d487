/**
 * The names that attributes of spans may have, in one place. GenAI and messaging: OpenTelemetry's
 * semantic conventions v1.41, status Development, with `nats` as a messaging system of our own.
 */
type FactName =
  | `http.${string}`
  | `messaging.${string}`
  | `server.${string}`
  | `switchyard.${string}`
  | 'gen_ai.operation.name'
  | 'gen_ai.provider.name'
  | 'gen_ai.request.model'
  | 'gen_ai.response.model'
  | 'gen_ai.response.finish_reasons'
  | 'gen_ai.usage.input_tokens'
  | 'gen_ai.usage.output_tokens'
  | 'gen_ai.usage.cache_read.input_tokens'
  | 'error.type';
type FactValue = string | number | boolean | readonly string[] | undefined;

/** Attributes of a span: ids, names and numbers, never what callers or models wrote. */
export type SpanFacts = { readonly [Name in FactName]?: FactValue };

const allowed = /^(http|messaging|server|switchyard|gen_ai|error)\./;
const content =
  /(^|[._])(messages|system_instructions|content|body|prompt|completion|input|output|arguments|definitions|authorization|api_key)$|\.header\./;

/** `facts` without names that are not known and names under which the conventions put content. */
export function knownFacts(facts: SpanFacts): Record<string, string | number | boolean | string[]> {
  const known: Record<string, string | number | boolean | string[]> = {};
  for (const [name, value] of Object.entries(facts)) {
    if (value === undefined || !allowed.test(name) || content.test(name)) continue;
    known[name] = typeof value === 'object' ? [...value] : value;
  }
  return known;
}

/** Publishing or processing a message. `template`: a subject without ids, `jobs.submit` for one. */
export const messagingFacts = (
  operation: 'publish' | 'process',
  template: string,
  jobId: string,
): SpanFacts => ({
  'messaging.system': 'nats',
  'messaging.operation.name': operation,
  'messaging.operation.type': operation === 'publish' ? 'send' : 'process',
  'messaging.destination.template': template,
  'switchyard.job.id': jobId,
});

/** A call to a model. */
export const genAiFacts = (call: {
  readonly operation: string;
  readonly provider: string;
  readonly model: string;
  readonly backendId: string;
  readonly jobId: string;
  readonly attemptNo: number;
}): SpanFacts => ({
  'gen_ai.operation.name': call.operation,
  'gen_ai.provider.name': call.provider,
  'gen_ai.request.model': call.model,
  'switchyard.backend.id': call.backendId,
  'switchyard.job.id': call.jobId,
  'switchyard.attempt.no': call.attemptNo,
});

/** What the model reported. */
export const genAiUsageFacts = (usage: {
  readonly inputTokens?: number;
  readonly outputTokens?: number;
  readonly cachedInputTokens?: number;
  readonly backendModel?: string;
  readonly finishReason?: string;
}): SpanFacts => ({
  'gen_ai.usage.input_tokens': usage.inputTokens,
  'gen_ai.usage.output_tokens': usage.outputTokens,
  'gen_ai.usage.cache_read.input_tokens': usage.cachedInputTokens,
  'gen_ai.response.model': usage.backendModel,
  'gen_ai.response.finish_reasons':
    usage.finishReason === undefined ? undefined : [usage.finishReason],
});
