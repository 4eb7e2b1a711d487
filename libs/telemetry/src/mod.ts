export { createLogger, type LoggerOptions, type ServiceLog } from './logger.js';
export { Metrics } from './metrics.js';
export { executorMetrics, gatewayMetrics, operationOf, routerMetrics } from './service-metrics.js';
export { genAiFacts, genAiUsageFacts, messagingFacts } from './span-facts.js';
export { startTracing, type TracingOptions } from './start-tracing.js';
export {
  noTracing,
  type OpenSpan,
  type SpanFacts,
  SpanKind,
  type SpanOptions,
  Tracing,
} from './tracing.js';
