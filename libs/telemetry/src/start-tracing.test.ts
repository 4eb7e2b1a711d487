import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { InMemorySpanExporter } from '@opentelemetry/sdk-trace-node';
import { startTracing } from './start-tracing.js';
import { noTracing } from './tracing.js';

type Received = { readonly url: string; readonly type: string; readonly body: string };
type Otlp = {
  readonly resourceSpans: {
    readonly resource: { readonly attributes: { key: string; value: { stringValue: string } }[] };
    readonly scopeSpans: { readonly spans: { name: string; traceId: string }[] }[];
  }[];
};

/** A receiver of OTLP over HTTP; `answer` undefined: it never answers. */
async function receive(answer: number | undefined) {
  const received: Received[] = [];
  const server: Server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => {
      body += chunk.toString();
    });
    request.on('end', () => {
      received.push({ url: request.url ?? '', type: request.headers['content-type'] ?? '', body });
      if (answer) response.writeHead(answer, { 'content-type': 'application/json' }).end('{}');
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const close = () =>
    new Promise((resolve) => {
      server.close(resolve);
      server.closeAllConnections();
    });
  return { received, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close };
}

const base = { service: 'gateway', instanceId: 'gateway-1' };

describe('tracing is off', () => {
  it.each([
    [{}],
    [{ OTEL_TRACES_EXPORTER: 'none', OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1' }],
    [{ OTEL_SDK_DISABLED: 'true', OTEL_TRACES_EXPORTER: 'otlp' }],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: '' }],
    [{ OTEL_SERVICE_NAME: 'x' }],
  ])('with %j', async (env) => {
    expect(await startTracing({ ...base, env })).toBe(noTracing);
  });
});

describe('tracing that OTEL_* asks for', () => {
  it.each([
    ['OTEL_EXPORTER_OTLP_ENDPOINT', '/', '/v1/traces'],
    ['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', '/my/traces', '/my/traces'],
  ])('sends OTLP in JSON to %s', async (variable, path, expected) => {
    const receiver = await receive(200);
    const env = {
      [variable]: `${receiver.url}${path}`,
      OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=a%20b, bad, service.name=other',
      OTEL_SERVICE_NAME: 'mine',
    };
    const tracing = await startTracing({ ...base, env });
    expect(tracing.isOn).toBe(true);
    const span = tracing.open('POST /v1/chat/completions');
    span.end();
    await tracing.stop();
    await receiver.close();
    expect(receiver.received).toHaveLength(1);
    expect(receiver.received[0]).toMatchObject({ url: expected, type: 'application/json' });
    const [sent] = (JSON.parse(receiver.received[0]?.body ?? '') as Otlp).resourceSpans;
    const attributes = sent?.resource.attributes.map(({ key, value }) => [key, value.stringValue]);
    expect(Object.fromEntries(attributes ?? [])).toMatchObject({
      'service.name': 'mine',
      'service.namespace': 'switchyard',
      'service.instance.id': 'gateway-1',
      'deployment.environment.name': 'a b',
    });
    expect(sent?.scopeSpans[0]?.spans).toMatchObject([
      { name: 'POST /v1/chat/completions', traceId: span.traceparent?.slice(3, 35) },
    ]);
  });

  it('stops although its receiver never answers', async () => {
    const receiver = await receive(undefined);
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url };
    const tracing = await startTracing({ ...base, env, stopGraceMs: 20 });
    tracing.open('a').end();
    await tracing.stop();
    await receiver.close();
    expect(tracing.isOn).toBe(true);
  });

  it('says once that its receiver refuses, and once that it takes spans again', async () => {
    const said: string[] = [];
    const note = (_fields: object, message: string) => void said.push(message);
    const log = { debug: note, info: note, warn: note, error: note };
    const inner = new InMemorySpanExporter();
    const codes = [1, 1, 0, 0, 1];
    const exporter = Object.assign(inner, {
      export: (_spans: unknown, done: (result: { code: number }) => void) =>
        done({ code: codes.shift() ?? 0 }),
    });
    const tracing = await startTracing({ ...base, env: {}, log, exporter });
    for (let at = 0; at < 5; at += 1) tracing.open('a').end();
    await tracing.stop();
    expect(said).toEqual([
      'traces cannot be sent; they are dropped',
      'traces are sent again',
      'traces cannot be sent; they are dropped',
    ]);
  });

  it('keeps two services of one process apart', async () => {
    const [one, two] = [new InMemorySpanExporter(), new InMemorySpanExporter()];
    const first = await startTracing({ ...base, env: {}, exporter: one });
    const second = await startTracing({ ...base, service: 'router', env: {}, exporter: two });
    first.open('a').end();
    second.open('b').end();
    expect([one, two].map((all) => all.getFinishedSpans().map(({ name }) => name))).toEqual([
      ['a'],
      ['b'],
    ]);
    await Promise.all([first.stop(), second.stop()]);
  });
});
