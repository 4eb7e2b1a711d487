import { type Environment, loadConfig } from './mod.js';

const load = (env: Environment) => () =>
  loadConfig({ env, cwd: '/srv', readFile: () => undefined });
const message = (...lines: string[]) =>
  [
    `the configuration has ${lines.length === 1 ? '1 problem' : `${lines.length} problems`}:`,
    ...lines.map((line) => `  environment  ${line}`),
  ].join('\n');

describe('a bad variable', () => {
  const port = 'must be a port from 0 to 65535';
  const entry =
    'must be name:account:sha256, with the SHA-256 of the key in hexadecimal; "switchyard key new" makes a key and prints this entry';
  const http = 'must be an http:// or https:// address';
  it.each<[string, string, string]>([
    ['SWITCHYARD_HTTP_PORT', 'x', `SWITCHYARD_HTTP_PORT: ${port} (is "x")`],
    ['SWITCHYARD_HTTP_PORT', '0x50', `SWITCHYARD_HTTP_PORT: ${port} (is "0x50")`],
    ['SWITCHYARD_HTTP_PORT', '65536', `SWITCHYARD_HTTP_PORT: ${port} (is "65536")`],
    ['SWITCHYARD_ADMIN_PORT', '-1', `SWITCHYARD_ADMIN_PORT: ${port} (is "-1")`],
    [
      'SWITCHYARD_LOG_FORMAT',
      'pretty',
      'SWITCHYARD_LOG_FORMAT: must be one of auto, json, text (is "pretty")',
    ],
    ['SWITCHYARD_API_KEYS', 'a:b:canary', `SWITCHYARD_API_KEYS[0]: ${entry}`],
    ['SWITCHYARD_API_KEYS', `a:b:${'0'.repeat(64)}:x`, `SWITCHYARD_API_KEYS[0]: ${entry}`],
    [
      'NATS_URL',
      'http://u:canary@n1',
      'NATS_URL: must be the address of a NATS server, such as nats://127.0.0.1:4222 (is "http://***@n1")',
    ],
    ['DAILY_COST_BUDGET', '50', 'DAILY_COST_BUDGET: is not built yet; unset it (is "50")'],
    [
      'OTEL_TRACES_EXPORTER',
      'zipkin',
      'OTEL_TRACES_EXPORTER: must be one of otlp, none (is "zipkin")',
    ],
    [
      'OTEL_EXPORTER_OTLP_ENDPOINT',
      'jaeger:4317',
      `OTEL_EXPORTER_OTLP_ENDPOINT: ${http} (is "jaeger:4317")`,
    ],
    [
      'SWITCHYARD_HTTP_PROT',
      '1',
      'SWITCHYARD_HTTP_PROT: is no variable we know; did you mean SWITCHYARD_HTTP_PORT?',
    ],
  ])('%s=%s', (name, value, problem) => {
    expect(load({ [name]: value })).toThrow(new Error(message(problem)));
  });

  it('SWITCHYARD_FAULT_POINT', () => {
    expect(load({ SWITCHYARD_FAULT_POINT: 'executor.slept' })).toThrow(
      'SWITCHYARD_FAULT_POINT: must be one of gateway.submitting, ',
    );
    expect(load({ SWITCHYARD_FAULT_POINT: 'executor.called@0' })).toThrow(
      '(is "executor.called@0")',
    );
  });

  it('is one of the exporter that asks for what it cannot do', () => {
    const asked = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://jaeger:4318' };
    const grpc = { OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' };
    expect(load({ ...asked, ...grpc })).toThrow(
      new Error(
        message('OTEL_EXPORTER_OTLP_PROTOCOL: must be one of http/json, http/protobuf (is "grpc")'),
      ),
    );
    expect(load({ ...asked, OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf' })).not.toThrow();
    const traces = { OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: 'http/json' };
    expect(load({ ...asked, ...grpc, ...traces })).not.toThrow();
  });
});

describe('variables that are not ours', () => {
  it.each([
    'SWITCHYARD_SERVICE_HOST',
    'SWITCHYARD_SERVICE_PORT',
    'SWITCHYARD_PORT',
    'SWITCHYARD_PORT_8080_TCP_ADDR',
    'SWITCHYARD_URL',
    'SWITCHYARD_API_KEY',
    'OTEL_EXPORTER_OTLP_PROTOCOL',
  ])('are left alone: %s', (name) => {
    expect(load({ [name]: 'grpc' })).not.toThrow();
  });
});
