import {
  type Context,
  type Link,
  ROOT_CONTEXT,
  type Span,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  trace,
  type Tracer,
} from '@opentelemetry/api';
import { AppError } from '@switchyard/domain';
import { knownFacts, type SpanFacts } from './span-facts.js';
import { contextOf, type RemoteContext, traceparentOf } from './traceparent.js';

export { SpanKind };

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
  /** W3C trace context to send on; the parent's where tracing is off. */
  readonly traceparent: string | undefined;
  add(facts: SpanFacts): void;
  /** Ends the span; with a code, as failed. */
  end(failureCode?: string): void;
};

const nothing = () => {};
const silentSpan: OpenSpan = { traceparent: undefined, add: nothing, end: nothing };
const offSpan = (parent: string | undefined): OpenSpan =>
  parent === undefined ? silentSpan : { traceparent: parent, add: nothing, end: nothing };

/** A span's name may hold a model's, which a caller wrote. */
const nameMaxLength = 128;

/** Opens spans, or costs one comparison where tracing is off. */
export class Tracing {
  readonly #tracer: Tracer | undefined;
  readonly #stop: () => Promise<void>;

  constructor(tracer?: Tracer, stop: () => Promise<void> = async () => {}) {
    this.#tracer = tracer;
    this.#stop = stop;
  }

  /** True where spans are recorded: look before you gather facts. */
  get isOn(): boolean {
    return this.#tracer !== undefined;
  }

  /** Opens a span; whoever opens it ends it. */
  open(name: string, options: SpanOptions = {}): OpenSpan {
    if (!this.#tracer) return offSpan(options.parent);
    const { kind, parent, links = [], facts } = options;
    const span = this.#tracer.startSpan(
      name.slice(0, nameMaxLength),
      { kind, links: links.flatMap(linkOf), attributes: facts && knownFacts(facts) },
      parentOf(parent),
    );
    return recording(span);
  }

  /**
   * Runs `run` within a span and ends it; where `run` throws, as failed, with the code of an
   * AppError or the error's name.
   */
  async withSpan<Result>(
    name: string,
    options: SpanOptions,
    run: (span: OpenSpan) => Promise<Result> | Result,
  ): Promise<Result> {
    const span = this.open(name, options);
    try {
      const result = await run(span);
      span.end();
      return result;
    } catch (caught) {
      span.end(caught instanceof AppError ? caught.code : nameOf(caught));
      throw caught;
    }
  }

  /** Sends what is left and stops. */
  stop(): Promise<void> {
    return this.#stop();
  }
}

/** Tracing that does nothing. */
export const noTracing = new Tracing();

const recording = (span: Span): OpenSpan => ({
  traceparent: traceparentOf(span.spanContext()),
  add: (facts) => void span.setAttributes(knownFacts(facts)),
  end: (failureCode) => {
    if (failureCode) {
      span.setAttribute('error.type', failureCode);
      span.setStatus({ code: SpanStatusCode.ERROR });
    }
    span.end();
  },
});

const remote = (found: RemoteContext): SpanContext => ({ ...found, isRemote: true });

function parentOf(traceparent: string | undefined): Context {
  const found = traceparent === undefined ? undefined : contextOf(traceparent);
  return found ? trace.setSpanContext(ROOT_CONTEXT, remote(found)) : ROOT_CONTEXT;
}

function linkOf(traceparent: string | undefined): Link[] {
  const found = traceparent === undefined ? undefined : contextOf(traceparent);
  return found ? [{ context: remote(found) }] : [];
}

const nameOf = (caught: unknown): string => (caught instanceof Error ? caught.name : 'unknown');
