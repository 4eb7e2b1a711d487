import type { SpanExporter } from '@opentelemetry/sdk-trace-node';
import type { Log } from '@switchyard/domain';
import { noTracing, Tracing } from './tracing.js';

/** What tracing is started with. */
export type TracingOptions = {
  readonly service: string;
  readonly instanceId: string;
  /** The OTEL_* variables. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Told once when spans cannot be sent. */
  readonly log?: Log;
  /** In place of the OTLP exporter; for tests. */
  readonly exporter?: SpanExporter;
  /** How long `stop` waits for the last spans to be sent. @default 3 s */
  readonly stopGraceMs?: number;
};

/**
 * Starts tracing where OTEL_* asks for it: an OTLP endpoint, or OTEL_TRACES_EXPORTER=otlp. Else
 * nothing is loaded. OTEL_SDK_DISABLED=true and OTEL_TRACES_EXPORTER=none keep it off. Spans go as
 * OTLP over HTTP in JSON; the sampler and the headers are those of OTEL_*.
 */
export async function startTracing(options: TracingOptions): Promise<Tracing> {
  const { service, instanceId, env, stopGraceMs = 3_000 } = options;
  if (!isAsked(options)) return noTracing;
  const [sdk, { resourceFromAttributes }, exporter] = await Promise.all([
    import('@opentelemetry/sdk-trace-node'),
    import('@opentelemetry/resources'),
    options.exporter ?? otlpExporter(env),
  ]);
  const told = telling(exporter, options.log);
  const provider = new sdk.NodeTracerProvider({
    resource: resourceFromAttributes({
      'service.name': service,
      'service.namespace': 'switchyard',
      ...resourceAttributes(env.OTEL_RESOURCE_ATTRIBUTES),
      ...(env.OTEL_SERVICE_NAME ? { 'service.name': env.OTEL_SERVICE_NAME } : {}),
      'service.instance.id': instanceId,
    }),
    // Ids and names are short; what is longer was written by somebody else.
    spanLimits: { attributeValueLengthLimit: 256 },
    spanProcessors: [
      options.exporter ? new sdk.SimpleSpanProcessor(told) : new sdk.BatchSpanProcessor(told),
    ],
  });
  // No global provider: two services of one process may each have their own.
  return new Tracing(provider.getTracer('switchyard'), () =>
    within(stopGraceMs, provider.shutdown()),
  );
}

function isAsked({ env, exporter }: TracingOptions): boolean {
  if (env.OTEL_SDK_DISABLED === 'true' || env.OTEL_TRACES_EXPORTER === 'none') return false;
  const endpoint = env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT || env.OTEL_EXPORTER_OTLP_ENDPOINT;
  return Boolean(exporter || endpoint || env.OTEL_TRACES_EXPORTER === 'otlp');
}

async function otlpExporter(env: TracingOptions['env']): Promise<SpanExporter> {
  const { OTLPTraceExporter } = await import('@opentelemetry/exporter-trace-otlp-http');
  const base = env.OTEL_EXPORTER_OTLP_ENDPOINT?.replace(/\/+$/, '');
  const url = env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT || (base && `${base}/v1/traces`);
  return new OTLPTraceExporter(url ? { url } : {});
}

/** OTEL_RESOURCE_ATTRIBUTES: `name=value`, several separated by commas, percent-encoded. */
function resourceAttributes(text = ''): Readonly<Record<string, string>> {
  const pairs = text.split(',').flatMap((pair) => {
    const [name, value] = pair.split('=').map((part) => part.trim());
    return name && value ? [[name, decoded(value)] as const] : [];
  });
  return Object.fromEntries(pairs);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** `exporter`, which says once in the log that it fails, and once that it works again. */
function telling(exporter: SpanExporter, log: Log | undefined): SpanExporter {
  let isFailing = false;
  return {
    export: (spans, done) =>
      exporter.export(spans, (result) => {
        const hasFailed = Number(result.code) !== 0;
        const fields = { err: result.error };
        if (hasFailed && !isFailing) log?.warn(fields, 'traces cannot be sent; they are dropped');
        if (!hasFailed && isFailing) log?.warn({}, 'traces are sent again');
        isFailing = hasFailed;
        done(result);
      }),
    shutdown: () => exporter.shutdown(),
    forceFlush: async () => exporter.forceFlush?.(),
  };
}

/** Waits for `work`, but not longer than `graceMs`: a dead collector must not hold up an exit. */
async function within(graceMs: number, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const grace = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, graceMs);
  });
  await Promise.race([work.catch(() => {}), grace]);
  clearTimeout(timer);
}
