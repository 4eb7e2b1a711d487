import { InMemorySpanExporter } from '@opentelemetry/sdk-trace-node';
import { hold } from '@switchyard/bus';
import { consumers, encode, subjects } from '@switchyard/contracts';
import { startTracing } from '@switchyard/telemetry';
import { startFakeOpenAi, startTestNats } from '@switchyard/testing';
import { Started } from './house.js';
import { chatJob, eventually, openClient, startExecutor, testBackend } from './yard.js';

const ackWaitMs = 2_000;
const dispatchSpanId = '00f067aa0ba902b7';
const traceparent = `00-4bf92f3577b34da6a3ce929d0e0e4736-${dispatchSpanId}-01`;

describe('an attempt whose dispatch was handed out before', () => {
  const started = new Started();
  afterEach(() => started.stop());

  it('is linked to the dispatch of the one that came to nothing', async () => {
    const exporter = new InMemorySpanExporter();
    const env = {};
    const tracing = await startTracing({ service: 'executor', instanceId: 'e', env, exporter });
    const nats = started.keep(await startTestNats());
    const fake = started.keep(await startFakeOpenAi({ models: ['fake-model'] }));
    const client = await openClient(nats.url);
    started.keep({ stop: client.close });
    const backends = [testBackend('one', fake.url)];
    const first = await startExecutor(nats.url, backends);
    await first.stop();

    // In the place of an executor that dies with the dispatch in its hand.
    const counts: number[] = [];
    const dying = await client.bus.consume({
      consumer: consumers.dispatches('one', ackWaitMs),
      concurrency: 1,
      onProblem: () => {},
      handle: (delivery) => {
        counts.push(delivery.deliveryCount);
        return hold;
      },
    });
    const job = { ...chatJob('job-1'), kind: 'chat', account: 'default', model: 'fake-model' };
    const facts = { dialect: 'openai.chat', submittedAtMs: 1 };
    const dispatch = { attemptNo: 1, backendId: 'one', slot: 0, dispatchId: 'd-1' };
    const body = encode({ ...dispatch, job: { ...job, ...facts } });
    const headers = { traceparent };
    await client.bus.publish(subjects.dispatch('one', 0), body, { headers });
    await eventually(() => expect(counts).toEqual([1]));
    await client.bus.stopConsuming(dying, 0);

    started.keep(await startExecutor(nats.url, backends, 'executor-2', tracing));
    expect(await client.outcome('job-1')).toMatchObject({ status: 'succeeded' });
    await eventually(() => {
      const spans = exporter.getFinishedSpans().filter(({ name }) => name === 'process dispatch');
      expect(
        spans.map(({ attributes, links, parentSpanContext }) => ({
          deliveries: attributes['switchyard.delivery.count'],
          links: links.map(({ context }) => context.spanId),
          parent: parentSpanContext?.spanId,
        })),
      ).toEqual([{ deliveries: 2, links: [dispatchSpanId], parent: dispatchSpanId }]);
    });
  }, 20_000);
});
