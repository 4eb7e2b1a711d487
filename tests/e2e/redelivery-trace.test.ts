import { InMemorySpanExporter } from '@opentelemetry/sdk-trace-node';
import { encode, subjects, type WireDispatch } from '@switchyard/contracts';
import { startTracing } from '@switchyard/telemetry';
import { startFakeOpenAi, startTestNats } from '@switchyard/testing';
import { Started } from './started.js';
import { chatJob, eventually, startExecutor, testBackend } from './yard.js';

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
const dispatchSpanId = '00f067aa0ba902b7';
const traceparent = `00-${traceId}-${dispatchSpanId}-01`;

describe('the trace of a job whose executor died', () => {
  const started = new Started();
  afterEach(() => started.stop());

  it('links the attempt that takes over to the dispatch that was handed out before', async () => {
    const nats = started.keep(await startTestNats());
    const fake = started.keep(await startFakeOpenAi({ models: ['fake-model'] }));
    const exporter = new InMemorySpanExporter();
    const tracing = await startTracing({ service: 's', instanceId: 'i', env: {}, exporter });
    const backends = [testBackend('gpu', fake.url)];
    const { bus } = started.keep(
      await startExecutor(nats.url, backends, 'executor-2', tracing, 1_000),
    );
    const lost = { jobId: 'j', status: 'running', attemptNo: 1, executorId: 'executor-1' } as const;
    await bus.cells.write({ ...lost, backendId: 'gpu', dispatchSeq: 1 }, 0);

    const job = chatJob('j', { kind: 'chat', account: 'default', model: 'fake-model' });
    const dispatch: WireDispatch = { attemptNo: 1, backendId: 'gpu', slot: 0, job };
    await bus.publish(subjects.dispatch('gpu', 0), encode(dispatch), { headers: { traceparent } });

    await eventually(() => {
      const spans = exporter.getFinishedSpans().filter(({ name }) => name === 'process dispatch');
      expect(spans).toHaveLength(1);
      const [span] = spans;
      expect(span?.links.map(({ context }) => context)).toMatchObject([
        { traceId, spanId: dispatchSpanId },
      ]);
      expect(span?.attributes).toMatchObject({
        'switchyard.attempt.no': 2,
        'switchyard.delivery.count': 2,
      });
    });
  }, 30_000);
});
