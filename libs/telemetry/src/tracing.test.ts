import { InMemorySpanExporter, type ReadableSpan } from '@opentelemetry/sdk-trace-node';
import { AppError } from '@switchyard/domain';
import { genAiFacts, genAiUsageFacts, messagingFacts } from './span-facts.js';
import { startTracing } from './start-tracing.js';
import { noTracing, SpanKind, type Tracing } from './tracing.js';

const caller = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

async function record(work: (tracing: Tracing) => Promise<void> | void) {
  const exporter = new InMemorySpanExporter();
  const options = { service: 'router', instanceId: 'router-1', env: {}, exporter };
  const tracing = await startTracing(options);
  await work(tracing);
  const spans = exporter.getFinishedSpans();
  await tracing.stop();
  return spans;
}
const idsOf = (span: ReadableSpan | undefined) => span?.spanContext();

describe('a span', () => {
  it('continues the trace it is given, and gives its own on', async () => {
    const spans = await record((tracing) => {
      const submit = tracing.open('publish jobs.submit', {
        kind: SpanKind.PRODUCER,
        parent: caller,
      });
      const attempt = tracing.open('process dispatch', { parent: submit.traceparent });
      attempt.end();
      submit.end();
    });
    const [attempt, submit] = spans;
    expect(submit?.parentSpanContext).toMatchObject({ spanId: 'b7ad6b7169203331', isRemote: true });
    expect(attempt?.parentSpanContext?.spanId).toBe(idsOf(submit)?.spanId);
    expect(spans.map((span) => span.spanContext().traceId)).toEqual([
      '0af7651916cd43dd8448eb211c80319c',
      '0af7651916cd43dd8448eb211c80319c',
    ]);
    expect(submit?.kind).toBe(SpanKind.PRODUCER);
  });

  it('begins a trace where it is given none, or none that is one', async () => {
    const spans = await record((tracing) => {
      tracing.open('a').end();
      tracing.open('b', { parent: 'b7ad6b7169203331' }).end();
    });
    expect(spans.map((span) => span.parentSpanContext)).toEqual([undefined, undefined]);
    expect(idsOf(spans[0])?.traceId).not.toBe(idsOf(spans[1])?.traceId);
  });

  it('is linked to what went before', async () => {
    const [span] = await record((tracing) => {
      tracing.open('process dispatch', { links: [caller, undefined, 'x'] }).end();
    });
    expect(span?.links.map(({ context }) => context.spanId)).toEqual(['b7ad6b7169203331']);
  });

  it('is not recorded in a trace that its caller does not record, and gives it on', async () => {
    let traceparent: string | undefined;
    const spans = await record((tracing) => {
      const span = tracing.open('a', { parent: caller.replace(/01$/, '00') });
      traceparent = span.traceparent;
      span.end();
    });
    expect(spans).toEqual([]);
    expect(traceparent).toMatch(/^00-0af7651916cd43dd8448eb211c80319c-[0-9a-f]{16}-00$/);
  });

  it('ends failed with a code', async () => {
    const [span] = await record((tracing) => tracing.open('a').end('upstream_timeout'));
    expect(span?.status.code).toBe(2);
    expect(span?.attributes).toEqual({ 'error.type': 'upstream_timeout' });
  });

  it('says of which service and instance it is', async () => {
    const [span] = await record((tracing) => tracing.open('a').end());
    expect(span?.resource.attributes).toMatchObject({
      'service.name': 'router',
      'service.namespace': 'switchyard',
      'service.instance.id': 'router-1',
    });
  });
});

describe('withSpan', () => {
  it('ends with what it ran, and hands over its answer', async () => {
    let answer = 0;
    const [inner, outer] = await record(async (tracing) => {
      answer = await tracing.withSpan('outer', {}, (span) =>
        tracing.withSpan('inner', { parent: span.traceparent }, () => 42),
      );
    });
    expect(answer).toBe(42);
    expect(inner?.parentSpanContext?.spanId).toBe(idsOf(outer)?.spanId);
    expect(outer?.status.code).toBe(0);
  });

  it.each([
    [new AppError('rate_limited', 'canary'), 'rate_limited'],
    [new RangeError('canary'), 'RangeError'],
    ['canary', 'unknown'],
  ])('fails with %s', async (thrown, code) => {
    const [span] = await record(async (tracing) => {
      const failing = tracing.withSpan('a', {}, () => Promise.reject(thrown));
      await expect(failing).rejects.toBe(thrown);
    });
    expect(span?.attributes).toEqual({ 'error.type': code });
    expect(span?.status).toEqual({ code: 2 });
    expect(span?.events).toEqual([]);
  });
});

describe('facts', () => {
  it('of a call to a model follow the GenAI conventions', async () => {
    const call = {
      operation: 'chat',
      provider: 'ollama',
      model: 'llama3',
      backendId: 'gpu',
      jobId: 'j1',
      attemptNo: 2,
    };
    const usage = {
      inputTokens: 9,
      outputTokens: 3,
      cachedInputTokens: 4,
      backendModel: 'llama3:8b',
      finishReason: 'stop',
    };
    const [span] = await record((tracing) => {
      const open = tracing.open('chat llama3', { facts: genAiFacts(call) });
      open.add(genAiUsageFacts(usage));
      open.end();
    });
    expect(span?.attributes).toEqual({
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': 'ollama',
      'gen_ai.request.model': 'llama3',
      'gen_ai.response.model': 'llama3:8b',
      'gen_ai.response.finish_reasons': ['stop'],
      'gen_ai.usage.input_tokens': 9,
      'gen_ai.usage.output_tokens': 3,
      'gen_ai.usage.cache_read.input_tokens': 4,
      'switchyard.backend.id': 'gpu',
      'switchyard.job.id': 'j1',
      'switchyard.attempt.no': 2,
    });
  });

  it('leave out what was not reported', async () => {
    const [span] = await record((tracing) => {
      const open = tracing.open('a');
      open.add(genAiUsageFacts({ inputTokens: 0 }));
      open.end();
    });
    expect(span?.attributes).toEqual({ 'gen_ai.usage.input_tokens': 0 });
  });

  it('of a message name the kind of subject, never the subject', () => {
    expect(messagingFacts('publish', 'jobs.submit', 'j1')).toEqual({
      'messaging.system': 'nats',
      'messaging.operation.name': 'publish',
      'messaging.operation.type': 'send',
      'messaging.destination.template': 'jobs.submit',
      'switchyard.job.id': 'j1',
    });
    expect(messagingFacts('process', 'x', 'j1')['messaging.operation.type']).toBe('process');
  });

  it.each([
    { 'gen_ai.input.messages': 'canary' },
    { 'gen_ai.output.messages': 'canary' },
    { 'gen_ai.system_instructions': 'canary' },
    { 'gen_ai.tool.call.arguments': 'canary' },
    { 'gen_ai.tool.definitions': 'canary' },
    { 'gen_ai.prompt': 'canary' },
    { 'http.request.header.authorization': ['canary'] },
    { 'http.request.body': 'canary' },
    { 'switchyard.job.body': 'canary' },
    { 'url.full': 'http://x/?key=canary' },
    { prompt: 'canary' },
  ])('never hold what callers or models wrote: %j', async (facts) => {
    const spans = await record((tracing) => {
      const span = tracing.open('a', { facts });
      span.add(facts);
      span.end();
    });
    expect(spans).toHaveLength(1);
    expect(spans[0]?.attributes).toEqual({});
  });

  it('and names are cut where a caller makes them long', async () => {
    const model = 'm'.repeat(1_000);
    const [span] = await record((tracing) => {
      tracing.open(`chat ${model}`, { facts: { 'gen_ai.request.model': model } }).end();
    });
    expect(span?.name).toHaveLength(128);
    expect(span?.attributes['gen_ai.request.model']).toHaveLength(256);
  });
});

describe('tracing that is off', () => {
  it('gives the caller’s trace on and records nothing', async () => {
    const span = noTracing.open('a', { parent: caller, facts: { 'switchyard.job.id': 'j' } });
    expect(span.traceparent).toBe(caller);
    expect(noTracing.open('b').traceparent).toBeUndefined();
    expect(noTracing.open('b')).toBe(noTracing.open('c'));
    span.add({ 'switchyard.job.id': 'j' });
    span.end('internal');
    expect(await noTracing.withSpan('c', {}, () => 1)).toBe(1);
    await noTracing.stop();
  });
});
