import type { Metrics } from './metrics.js';

/** What an executor counts; the shape of libs/executor's ExecutorMetrics. */
export const executorMetrics = (metrics: Metrics) => ({
  attemptEnded(facts: {
    readonly backendId: string;
    readonly kind: string;
    readonly provider: string;
    readonly failureCode: string;
    readonly durationMs: number;
    readonly ttftMs: number | undefined;
    readonly inputTokens: number;
    readonly outputTokens: number;
    readonly costUsdMicros: number;
  }): void {
    const { backendId, durationMs, ttftMs, inputTokens, outputTokens, costUsdMicros } = facts;
    const call = [operationOf(facts.kind), facts.provider] as const;
    metrics.count('lb_requests_total', [backendId, facts.failureCode || 'succeeded']);
    metrics.observe('lb_request_duration_seconds', [backendId], durationMs / 1_000);
    metrics.observe('gen_ai_client_operation_duration_seconds', call, durationMs / 1_000);
    if (inputTokens > 0)
      metrics.observe('gen_ai_client_token_usage', [...call, 'input'], inputTokens);
    if (outputTokens > 0)
      metrics.observe('gen_ai_client_token_usage', [...call, 'output'], outputTokens);
    if (costUsdMicros > 0) metrics.count('lb_request_cost_total', [backendId], costUsdMicros / 1e6);
    if (ttftMs !== undefined) {
      metrics.observe('gen_ai_client_operation_time_to_first_chunk_seconds', call, ttftMs / 1_000);
    }
  },
  retried(backendId: string): void {
    metrics.count('lb_failovers_total', [backendId]);
  },
});

/** What a router counts; the shape of its RouterMetrics. */
export const routerMetrics = (metrics: Metrics) => ({
  decided(strategy: string, verdict: string, durationMs: number): void {
    metrics.count('switchyard_decisions_total', [strategy, verdict]);
    metrics.observe('lb_routing_decision_seconds', [strategy], durationMs / 1_000);
  },
  dispatched(backendId: string, queueWaitMs: number): void {
    metrics.observe('switchyard_queue_wait_seconds', [backendId], Math.max(0, queueWaitMs) / 1_000);
  },
  ended(kind: string, status: string): void {
    metrics.count('switchyard_jobs_total', [kind, status]);
  },
});

/** What a gateway counts; the shape of its GatewayMetrics. */
export const gatewayMetrics = (metrics: Metrics) => ({
  requestEnded(facts: {
    readonly method: string;
    readonly route: string;
    readonly status: number;
    readonly durationMs: number;
  }): void {
    metrics.count('switchyard_http_requests_total', [
      facts.method,
      facts.route,
      String(facts.status),
    ]);
    metrics.observe(
      'switchyard_http_request_duration_seconds',
      [facts.route],
      facts.durationMs / 1_000,
    );
  },
  text: () => metrics.text(),
});

/** A kind in the words of the GenAI conventions. */
export const operationOf = (kind: string): string => {
  if (kind === 'completion') return 'text_completion';
  return kind === 'embedding' ? 'embeddings' : kind;
};
