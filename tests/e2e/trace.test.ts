import { encode, subjects } from '@switchyard/contracts';
import { InMemorySpanExporter, type ReadableSpan } from '@opentelemetry/sdk-trace-node';
import { startTracing } from '@switchyard/telemetry';
import { type FakeBackend, startFakeOpenAi } from '@switchyard/testing';
import { type House, startHouse } from './house.js';
import { Started } from './started.js';
import { eventually, testBackend } from './yard.js';

const secret = 'words-of-a-prompt';
const clientSpanId = '00f067aa0ba902b7';
let traces = 0;
/** A client's own trace, another for each request. */
const newTrace = () => {
  traces += 1;
  const traceId = `4bf92f3577b34da6a3ce929d0e0e${String(traces).padStart(4, '0')}`;
  return { traceId, traceparent: `00-${traceId}-${clientSpanId}-01` };
};

describe('one trace across every hop', () => {
  const started = new Started();
  const exporter = new InMemorySpanExporter();
  let house: House;
  let sound: FakeBackend;

  beforeAll(async () => {
    const env = {};
    const tracing = await startTracing({ service: 'house', instanceId: 'h', env, exporter });
    sound = started.keep(await startFakeOpenAi({ models: ['sound', 'shaky'] }));
    const broken = started.keep(
      await startFakeOpenAi({
        models: ['shaky'],
        faults: { all: { kind: 'status', status: 500 } },
      }),
    );
    const backends = [
      testBackend('broken', broken.url),
      testBackend('sound', sound.url, { priority: 2 }),
    ];
    house = started.keep(await startHouse({ backends, tracing }));
  }, 60_000);
  afterAll(() => started.stop());

  const spansOf = (traceId: string): readonly ReadableSpan[] =>
    exporter.getFinishedSpans().filter((span) => span.spanContext().traceId === traceId);

  /** Each span with the name of the one it hangs on, by name. */
  const hops = (traceId: string): string[] => {
    const spans = spansOf(traceId);
    const names = new Map(spans.map((span) => [span.spanContext().spanId, span.name]));
    names.set(clientSpanId, 'client');
    return spans
      .map((span) => `${names.get(span.parentSpanContext?.spanId ?? '')} > ${span.name}`)
      .sort();
  };

  const chat = async (model: string, traceparent: string) => {
    const asked = { model, messages: [{ role: 'user', content: secret }] };
    const response = await house.post('/v1/chat/completions', asked, { traceparent });
    await response.text();
    expect(response.status).toBe(200);
  };

  it('goes from the client over submission, dispatch and attempt to the backend', async () => {
    const { traceId, traceparent } = newTrace();
    await chat('sound', traceparent);
    await eventually(() => {
      expect(hops(traceId)).toEqual([
        'POST /v1/chat/completions > publish dispatch',
        'POST /v1/chat/completions > wait',
        'client > POST /v1/chat/completions',
        'process dispatch > chat sound',
        'publish dispatch > process dispatch',
      ]);
    });
    const call = spansOf(traceId).find(({ name }) => name === 'chat sound');
    expect(call?.attributes).toMatchObject({
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': 'openai-compatible',
      'gen_ai.request.model': 'sound',
      'gen_ai.response.finish_reasons': ['stop'],
      'gen_ai.usage.output_tokens': 20,
      'switchyard.attempt.no': 1,
      'switchyard.backend.id': 'sound',
    });
    const callId = call?.spanContext().spanId;
    expect(sound.lastRequest?.headers.traceparent).toBe(`00-${traceId}-${callId}-01`);
  });

  it('holds every attempt of a job that fails over, the second behind the first', async () => {
    const { traceId, traceparent } = newTrace();
    await chat('shaky', traceparent);
    await eventually(() => {
      expect(hops(traceId)).toEqual([
        'POST /v1/chat/completions > publish dispatch',
        'POST /v1/chat/completions > wait',
        'client > POST /v1/chat/completions',
        'process dispatch > chat shaky',
        'process dispatch > chat shaky',
        'process dispatch > publish dispatch',
        'publish dispatch > process dispatch',
        'publish dispatch > process dispatch',
      ]);
    });
    const calls = spansOf(traceId).filter(({ name }) => name === 'chat shaky');
    expect(
      calls.map(({ attributes }) => [
        attributes['switchyard.attempt.no'],
        attributes['switchyard.backend.id'],
        attributes['error.type'],
      ]),
    ).toEqual([
      [1, 'broken', 'upstream_error'],
      [2, 'sound', undefined],
    ]);
  });

  it('goes over the streams where a job is submitted as a message', async () => {
    const { traceId, traceparent } = newTrace();
    const body = { model: 'sound', messages: [{ role: 'user', content: secret }] };
    const job = encode({ id: `job-${traceId}`, kind: 'chat', model: 'sound', body });
    const headers = { traceparent };
    await house.bus.publish(subjects.submit('normal', 'chat', 'default'), job, { headers });
    await eventually(() => {
      expect(hops(traceId)).toEqual([
        'client > publish dispatch',
        'process dispatch > chat sound',
        'publish dispatch > process dispatch',
      ]);
    });
  });

  it('has no words of a prompt in any span', () => {
    const told = exporter
      .getFinishedSpans()
      .map(({ name, attributes, events }) => JSON.stringify([name, attributes, events]));
    expect(told.filter((text) => text.includes(secret))).toEqual([]);
  });
});
