import { propagation, trace } from '@opentelemetry/api';
import type { SpanExporter } from '@opentelemetry/sdk-trace-node';
import { noTracing, Tracing } from './tracing.js';

/** Who traces, and where to. */
export type TracingOptions = {
  readonly service: string;
  readonly instanceId: string;
  /** The OTEL_* variables. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** In place of the OTLP exporter; for tests. */
  readonly exporter?: SpanExporter;
};

/**
 * Starts tracing where OTEL_* asks for it: an OTLP endpoint, or OTEL_TRACES_EXPORTER=otlp. Else
 * nothing is loaded. OTEL_SDK_DISABLED=true and OTEL_TRACES_EXPORTER=none keep it off.
 */
export async function startTracing({
  service,
  instanceId,
  env,
  exporter,
}: TracingOptions): Promise<Tracing> {
  const isAsked =
    env.OTEL_EXPORTER_OTLP_ENDPOINT ||
    env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT ||
    env.OTEL_TRACES_EXPORTER === 'otlp';
  const isOff = env.OTEL_SDK_DISABLED === 'true' || env.OTEL_TRACES_EXPORTER === 'none';
  if (isOff || (!isAsked && !exporter)) return noTracing;
  const [
    { NodeTracerProvider, BatchSpanProcessor, SimpleSpanProcessor },
    { resourceFromAttributes },
    core,
    otlp,
  ] = await Promise.all([
    import('@opentelemetry/sdk-trace-node'),
    import('@opentelemetry/resources'),
    import('@opentelemetry/core'),
    import('@opentelemetry/exporter-trace-otlp-http'),
  ]);
  const processor = exporter
    ? new SimpleSpanProcessor(exporter)
    : new BatchSpanProcessor(new otlp.OTLPTraceExporter());
  const provider = new NodeTracerProvider({
    resource: resourceFromAttributes({
      'service.name': env.OTEL_SERVICE_NAME || service,
      'service.instance.id': instanceId,
      'service.namespace': 'switchyard',
    }),
    spanProcessors: [processor],
  });
  propagation.setGlobalPropagator(new core.W3CTraceContextPropagator());
  trace.setGlobalTracerProvider(provider);
  return new Tracing(provider.getTracer('switchyard'), () => provider.shutdown());
}
