import type { Metrics } from './metrics.js';

/** What an executor counts; the shape of libs/executor's ExecutorMetrics. */
export const executorMetrics = (metrics: Metrics) => {
  metrics.declare(
    'lb_requests_total',
    'lb_request_duration_seconds',
    'lb_request_cost_total',
    'lb_failovers_total',
    'gen_ai_client_token_usage',
    'gen_ai_client_operation_duration_seconds',
    'gen_ai_client_operation_time_to_first_chunk_seconds',
  );
  return {
    attemptEnded(facts: {
      readonly backendId: string;
      readonly kind: string;
      readonly model: string;
      readonly provider: string;
      /** Empty where it succeeded. */
      readonly failureCode: string;
      readonly durationMs: number;
      readonly ttftMs: number | undefined;
      readonly inputTokens: number;
      readonly outputTokens: number;
      readonly costUsdMicros: number;
    }): void {
      const { backendId, durationMs, ttftMs, inputTokens, outputTokens, costUsdMicros } = facts;
      const call = [operationOf(facts.kind), facts.provider, facts.model] as const;
      metrics.count('lb_requests_total', [backendId, facts.failureCode || 'succeeded']);
      metrics.observe('lb_request_duration_seconds', [backendId], durationMs / 1_000);
      metrics.observe('gen_ai_client_operation_duration_seconds', call, durationMs / 1_000);
      if (inputTokens > 0) {
        metrics.observe('gen_ai_client_token_usage', [...call, 'input'], inputTokens);
      }
      if (outputTokens > 0) {
        metrics.observe('gen_ai_client_token_usage', [...call, 'output'], outputTokens);
      }
      metrics.count('lb_request_cost_total', [backendId], costUsdMicros / 1e6);
      if (ttftMs !== undefined) {
        const seconds = ttftMs / 1_000;
        metrics.observe('gen_ai_client_operation_time_to_first_chunk_seconds', call, seconds);
      }
    },
    retried(backendId: string): void {
      metrics.count('lb_failovers_total', [backendId]);
    },
  };
};

/** What a router counts; the shape of its RouterMetrics. */
export const routerMetrics = (metrics: Metrics) => {
  metrics.declare(
    'switchyard_decisions_total',
    'lb_routing_decision_seconds',
    'switchyard_queue_wait_seconds',
    'switchyard_jobs_total',
  );
  return {
    decided(strategy: string, verdict: string, durationMs: number): void {
      metrics.count('switchyard_decisions_total', [strategy, verdict]);
      metrics.observe('lb_routing_decision_seconds', [strategy], durationMs / 1_000);
    },
    dispatched(backendId: string, queueWaitMs: number): void {
      const seconds = Math.max(0, queueWaitMs) / 1_000;
      metrics.observe('switchyard_queue_wait_seconds', [backendId], seconds);
    },
    ended(kind: string, status: string): void {
      metrics.count('switchyard_jobs_total', [kind, status]);
    },
  };
};

/** What a gateway counts; the shape of its GatewayMetrics. */
export const gatewayMetrics = (metrics: Metrics) => {
  metrics.declare('switchyard_http_requests_total', 'switchyard_http_request_duration_seconds');
  return {
    requestEnded(facts: {
      readonly method: string;
      readonly route: string;
      readonly status: number;
      readonly durationMs: number;
    }): void {
      const { method, route, status, durationMs } = facts;
      metrics.count('switchyard_http_requests_total', [method, route, String(status)]);
      metrics.observe('switchyard_http_request_duration_seconds', [route], durationMs / 1_000);
    },
    text: () => metrics.text(),
  };
};

/** What the bus counts. `stream`: a stream's name, never a subject, which may hold ids. */
export const busMetrics = (metrics: Metrics) => {
  metrics.declare(
    'switchyard_bus_publishes_total',
    'switchyard_bus_redeliveries_total',
    'switchyard_bus_refused_writes_total',
  );
  return {
    published(stream: string, result: 'stored' | 'refused' | 'full' | 'unknown'): void {
      metrics.count('switchyard_bus_publishes_total', [stream, result]);
    },
    redelivered(stream: string): void {
      metrics.count('switchyard_bus_redeliveries_total', [stream]);
    },
    cellRefused(): void {
      metrics.count('switchyard_bus_refused_writes_total', []);
    },
  };
};

/** A kind in the words of the GenAI conventions. */
export const operationOf = (kind: string): string => {
  if (kind === 'completion') return 'text_completion';
  return kind === 'embedding' ? 'embeddings' : kind;
};
