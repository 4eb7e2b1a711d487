import type { SpanFacts } from './tracing.js';

/**
 * Attribute names in one place. GenAI: OpenTelemetry semantic conventions v1.41, status
 * Development. Messaging: the same, with `nats` as a system of our own. Destinations are templates,
 * never subjects with ids.
 */
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
  readonly backendModel?: string;
  readonly finishReason?: string;
}): SpanFacts => ({
  'gen_ai.usage.input_tokens': usage.inputTokens,
  'gen_ai.usage.output_tokens': usage.outputTokens,
  'gen_ai.response.model': usage.backendModel,
  'gen_ai.response.finish_reasons': usage.finishReason,
});
