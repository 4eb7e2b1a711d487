export { createLogger, type LoggerOptions, type ServiceLog } from './logger.js';
export { Metrics } from './metrics.js';
export {
  busMetrics,
  executorMetrics,
  gatewayMetrics,
  operationOf,
  routerMetrics,
} from './service-metrics.js';
export { genAiFacts, genAiUsageFacts, messagingFacts, type SpanFacts } from './span-facts.js';
export { startTracing, type TracingOptions } from './start-tracing.js';
export { type Carrier, extractContext, injectContext, traceIdOf } from './traceparent.js';
export { noTracing, type OpenSpan, SpanKind, type SpanOptions, Tracing } from './tracing.js';
