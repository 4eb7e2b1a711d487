import {
  context,
  type Link,
  propagation,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
  type Tracer,
} from '@opentelemetry/api';

export { SpanKind };

/** Attributes of a span: ids, names and numbers, never what callers or models wrote. */
export type SpanFacts = Readonly<Record<string, string | number | boolean | undefined>>;

/** What a span may be given when it begins. */
export type SpanOptions = {
  readonly kind?: SpanKind;
  /** W3C trace context of the work this span continues; absent: a new trace. */
  readonly parent?: string;
  /** W3C trace contexts of earlier deliveries or attempts. */
  readonly links?: readonly (string | undefined)[];
  readonly facts?: SpanFacts;
};

/** One span under way. */
export type OpenSpan = {
  /** W3C trace context to send on; undefined where tracing is off. */
  readonly traceparent: string | undefined;
  add(facts: SpanFacts): void;
  /** Ends the span; with a code, as failed. */
  end(failureCode?: string): void;
};

const offSpan = (parent: string | undefined): OpenSpan => ({
  traceparent: parent,
  add() {},
  end() {},
});

/** Opens spans, or costs one comparison where tracing is off. */
export class Tracing {
  readonly #tracer: Tracer | undefined;
  readonly #stop: () => Promise<void>;

  constructor(tracer?: Tracer, stop: () => Promise<void> = async () => {}) {
    this.#tracer = tracer;
    this.#stop = stop;
  }

  get isOn(): boolean {
    return this.#tracer !== undefined;
  }

  /** Opens a span; whoever opens it ends it. */
  open(name: string, options: SpanOptions = {}): OpenSpan {
    if (!this.#tracer) return offSpan(options.parent);
    const parent = options.parent ? contextOf(options.parent) : ROOT_CONTEXT;
    const links = (options.links ?? []).flatMap((link) => linkOf(link));
    const span = this.#tracer.startSpan(
      name,
      { kind: options.kind, links, attributes: options.facts },
      parent,
    );
    return {
      traceparent: traceparentOf(span),
      add: (facts) => void span.setAttributes(facts),
      end: (failureCode) => {
        if (failureCode) {
          span.setAttribute('error.type', failureCode);
          span.setStatus({ code: SpanStatusCode.ERROR });
        }
        span.end();
      },
    };
  }

  /** Sends what is left and stops. */
  stop(): Promise<void> {
    return this.#stop();
  }
}

/** Tracing that does nothing. */
export const noTracing = new Tracing();

const contextOf = (traceparent: string) => propagation.extract(ROOT_CONTEXT, { traceparent });

function linkOf(traceparent: string | undefined): Link[] {
  const linked = traceparent && trace.getSpanContext(contextOf(traceparent));
  return linked ? [{ context: linked }] : [];
}

function traceparentOf(span: Span): string | undefined {
  const carrier: { traceparent?: string } = {};
  propagation.inject(trace.setSpan(context.active(), span), carrier);
  return carrier.traceparent;
}
