import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Environment, loadConfig } from './mod.js';

const load = (yaml: string | undefined, env: Environment = {}) =>
  loadConfig({ env, cwd: '/srv', readFile: () => yaml });

const everything = `
gateway: { host: 127.0.0.1, port: 9090, body_limit: 1MiB }
api_keys:
  - { name: ci, account: team-a, sha256: "\${DIGEST}" }
nats: { url: "nats://n1:4222,nats://n2:4222", sync: default, replicas: 3, inline_limit: 64KiB }
strategy: round_robin
pools: { embedding: { strategy: least_connections } }
queue:
  capacity: 10
  priority_enabled: false
  timeout: 500ms
  max_wait: 1.5h
  retry_attempts: 2
  retry_delays: [0s, 2m]
backend_instances:
  local:
    backend_type: ollama
    endpoint_url: http://127.0.0.1:11434/
    class: local
    priority: 2
    weight: 2.5
    is_enabled: false
    supported_models: ["llama3.2:1b"]
    model_aliases: { llama2: "llama3.2:1b" }
    max_concurrent_requests: 3
    request_timeout: 5m
    first_token_timeout: 30s
    connect_timeout: 1s
    expected_response_time_ms: 10000
    quality_score: 0.9
    region: eu
    tags: [gpu]
    cost: { per_job_usd: 0.07, per_second_usd: 0.0002 }
  cloud:
    backend_type: openai-compatible
    endpoint_url: https://llm.example.com/v1
    api_key: \${CLOUD_API_KEY}
    cost: { per_1m_input_usd: 0.5, per_1m_output_usd: 1.5, per_1m_cached_input_usd: 0.05 }
preferences:
  preferred_backend: cloud
  max_cost_per_job_usd: 0.000125
  prioritize_speed: true
  allow_cloud_fallback: false
`;
const secrets = { DIGEST: 'AB'.repeat(32), CLOUD_API_KEY: 'sk-1' };

describe('loadConfig', () => {
  it('reads what accounts and minutes are given', () => {
    const yaml = [
      'rate_limits: { requests_per_minute: 600 }',
      'accounts: { a: { weight: 2, max_running: 3, max_waiting: 4, tokens_per_minute: 5 } }',
    ].join('\n');
    const { rates, accounts } = load(yaml);
    expect(rates).toEqual({ requestsPerMinute: 600 });
    expect(accounts).toEqual({
      a: { weight: 2, runningMax: 3, waitingMax: 4, tokensPerMinute: 5 },
    });
  });

  it('has a default for everything', () => {
    expect(load(undefined)).toEqual({
      gateway: {
        host: '127.0.0.1',
        port: { value: 8080, isSet: false },
        bodyLimitBytes: 20_971_520,
      },
      apiKeys: [],
      nats: { url: undefined, sync: 'default', replicas: 1, inlineLimitBytes: 262_144 },
      strategy: 'score',
      poolStrategies: {},
      queue: {
        capacity: 200_000,
        isPriorityEnabled: true,
        timeoutMs: 30_000,
        maxWaitMs: 86_400_000,
        retryAttempts: 3,
        retryDelaysMs: [1_000, 3_000],
      },
      breaker: { failureThreshold: 5, openMs: 60_000, trialsMax: 3 },
      prefixCache: { mode: 'dynamic', blockTokens: 500, cacheTokens: 500_000 },
      rates: {},
      tariffs: [],
      accounts: {},
      allowedNetworks: [],
      backends: [],
      keyBackends: [],
      alerts: { webhooks: [], email: undefined },
      budgets: { mode: 'learned', list: [] },
      notes: [],
      preferences: {
        preferredBackend: 'auto',
        maxCostPerJobUsdMicros: null,
        prioritizeSpeed: false,
        allowCloudFallback: true,
      },
      dataDir: '/srv/.switchyard',
      cacheDir: '/srv/.cache/switchyard',
      log: { level: 'info', format: 'auto' },
      adminPort: 0,
      faultPoint: undefined,
      file: undefined,
    });
  });

  it('reads who may change what runs, where backends come from, and when one is left alone', () => {
    const yaml = `
api_keys: [{ name: a, account: b, sha256: ${'a'.repeat(64)}, admin: true }]
registration: { allowed_networks: [10.0.0.0/8, "fd00::/8", 127.0.0.1] }
circuit_breaker: { failure_threshold: 2, recovery_timeout: 5s, half_open_max_requests: 1 }
`;
    const { apiKeys, allowedNetworks, breaker } = load(yaml);
    expect(apiKeys[0]?.isAdmin).toBe(true);
    expect(allowedNetworks).toEqual(['10.0.0.0/8', 'fd00::/8', '127.0.0.1']);
    expect(breaker).toEqual({ failureThreshold: 2, openMs: 5_000, trialsMax: 1 });
    for (const network of ['10.0.0.0/33', 'home', '10.0.0.0/8/8', 'fd00::/x']) {
      expect(() => load(`registration: { allowed_networks: ["${network}"] }`)).toThrow('network');
    }
  });

  it('reads every key, into milliseconds, bytes and millionths of a dollar', () => {
    const config = load(everything, secrets);
    expect(config.gateway).toEqual({
      host: '127.0.0.1',
      port: { value: 9_090, isSet: true },
      bodyLimitBytes: 1_048_576,
    });
    expect(config.apiKeys).toEqual([{ name: 'ci', account: 'team-a', sha256: 'ab'.repeat(32) }]);
    expect(config.nats).toMatchObject({ replicas: 3, inlineLimitBytes: 65_536 });
    expect(config.poolStrategies).toEqual({ embedding: 'least_connections' });
    expect(config.queue).toEqual({
      capacity: 10,
      isPriorityEnabled: false,
      timeoutMs: 500,
      maxWaitMs: 5_400_000,
      retryAttempts: 2,
      retryDelaysMs: [0, 120_000],
    });
    expect(config.preferences).toEqual({
      preferredBackend: 'cloud',
      maxCostPerJobUsdMicros: 125,
      prioritizeSpeed: true,
      allowCloudFallback: false,
    });
    expect(config.file).toBe('/srv/switchyard.yaml');
  });

  it('reads every key of a backend', () => {
    expect(load(everything, secrets).backends).toEqual([
      {
        id: 'local',
        kind: 'ollama',
        endpointUrl: 'http://127.0.0.1:11434',
        class: 'local',
        priority: 2,
        weight: 2.5,
        isEnabled: false,
        supportedModels: ['llama3.2:1b'],
        modelAliases: { llama2: 'llama3.2:1b' },
        maxConcurrentRequests: 3,
        requestTimeoutMs: 300_000,
        firstTokenTimeoutMs: 30_000,
        connectTimeoutMs: 1_000,
        expectedResponseTimeMs: 10_000,
        qualityScore: 0.9,
        tariff: { perJobUsdMicros: 70_000, perSecondUsdMicros: 200 },
        region: 'eu',
        tags: ['gpu'],
        simulated: false,
        origin: 'configured',
        lastResort: false,
      },
      expect.objectContaining({
        id: 'cloud',
        apiKey: 'sk-1',
        class: 'remote',
        priority: 1,
        weight: 1,
        isEnabled: true,
        requestTimeoutMs: 300_000,
        firstTokenTimeoutMs: 30_000,
        connectTimeoutMs: 5_000,
        tariff: {
          perMtokInputUsdMicros: 500_000,
          perMtokOutputUsdMicros: 1_500_000,
          perMtokCachedInputUsdMicros: 50_000,
        },
      }),
    ]);
  });

  it('takes the environment before the file', () => {
    const env = {
      SWITCHYARD_HTTP_HOST: 'localhost',
      SWITCHYARD_HTTP_PORT: '0',
      SWITCHYARD_ADMIN_PORT: '9464',
      SWITCHYARD_API_KEYS: ` x:team-b:${'0'.repeat(64)}, `,
      SWITCHYARD_DATA_DIR: 'data',
      SWITCHYARD_LOG_LEVEL: 'DEBUG',
      SWITCHYARD_LOG_FORMAT: 'json',
      SWITCHYARD_FAULT_POINT: 'executor.called@2',
      NATS_URL: 'tls://n3',
      XDG_CACHE_HOME: '/cache',
      HOME: '/me',
    };
    const config = load(everything, { ...secrets, ...env });
    expect(config.gateway).toMatchObject({ host: 'localhost', port: { value: 0, isSet: true } });
    expect(config.apiKeys.map(({ account }) => account)).toEqual(['team-a', 'team-b']);
    expect(config).toMatchObject({
      nats: { url: 'tls://n3' },
      adminPort: 9_464,
      dataDir: '/srv/data',
      cacheDir: '/cache/switchyard',
      log: { level: 'debug', format: 'json' },
      faultPoint: { point: 'executor.called', hit: 2 },
    });
  });

  it('counts an empty variable as not set, and a key with nothing behind it as not written', () => {
    const env = { SWITCHYARD_HTTP_PORT: '', NATS_URL: '', XDG_CACHE_HOME: 'relative', HOME: '/me' };
    const config = load('gateway:\nnats: { url: null }\nqueue: { timeout: }\n', env);
    expect(config.gateway.port).toEqual({ value: 8_080, isSet: false });
    expect(config.nats.url).toBeUndefined();
    expect(config.queue.timeoutMs).toBe(30_000);
    expect(config.cacheDir).toBe('/me/.cache/switchyard');
  });

  it('puts variables into numbers, flags and parts of texts', () => {
    const yaml = `
gateway:
  port: \${PORT}
preferences: { prioritize_speed: "\${FAST}" }
backend_instances: { a: { backend_type: ollama, endpoint_url: "http://\${HOST}:1\${TAIL}" } }`;
    const config = load(yaml, { PORT: '81', FAST: 'true', HOST: 'gpu', TAIL: '1' });
    expect(config.gateway.port.value).toBe(81);
    expect(config.preferences.prioritizeSpeed).toBe(true);
    expect(config.backends[0]?.endpointUrl).toBe('http://gpu:11');
  });

  it('takes JSON, anchors and merges', () => {
    expect(load('{"strategy": "round_robin"}').strategy).toBe('round_robin');
    expect(load('strategy: Least-Connection').strategy).toBe('least_connections');
    const yaml = `
backend_instances:
  a: &a { backend_type: ollama, endpoint_url: http://a, weight: 3 }
  b: { <<: *a, endpoint_url: http://b }`;
    const ends = load(yaml).backends.map(({ endpointUrl, weight }) => [endpointUrl, weight]);
    expect(ends).toEqual([
      ['http://a', 3],
      ['http://b', 3],
    ]);
  });

  it('is frozen to its depths', () => {
    const { backends } = load(everything, secrets);
    expect(Object.isFrozen(backends[0]?.modelAliases)).toBe(true);
    expect(() => Object.assign(backends[0]?.tariff ?? {}, { perJobUsdMicros: 0 })).toThrow(
      TypeError,
    );
  });

  it.each([
    ['http://127.0.0.1:1', 'local'],
    ['http://[::1]:1', 'local'],
    ['http://172.31.0.9', 'local'],
    ['http://[fd00::1]/v1', 'local'],
    ['http://100.100.1.2', 'local'],
    ['http://gpu-box:8000', 'local'],
    ['http://gpu.lan', 'local'],
    ['https://172.32.0.9', 'remote'],
    ['https://llm.example.com', 'remote'],
    ['https://local.example.com', 'remote'],
    ['https://[2001:db8::1]', 'remote'],
  ])('takes a backend at %s that names no class as %s', (url, expected) => {
    const yaml = `backend_instances: { a: { backend_type: ollama, endpoint_url: "${url}" } }`;
    expect(load(yaml).backends[0]?.class).toBe(expected);
  });
});

describe('a configuration file on disk', () => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'switchyard-config-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('is switchyard.yaml of the working folder, or the one that is named', () => {
    writeFileSync(join(folder, 'switchyard.yaml'), 'strategy: round_robin');
    writeFileSync(join(folder, 'other.json'), '\uFEFF{"strategy": "least_connections"}\r\n');
    expect(loadConfig({ env: {}, cwd: folder }).strategy).toBe('round_robin');
    const config = loadConfig({ env: { SWITCHYARD_CONFIG: 'other.json' }, cwd: folder });
    expect(config.strategy).toBe('least_connections');
    expect(config.file).toBe(join(folder, 'other.json'));
  });

  it('is missed where it is named and not there, or cannot be read', () => {
    mkdirSync(join(folder, 'is-a-folder'));
    const read = (name: string) => () =>
      loadConfig({ env: { SWITCHYARD_CONFIG: name }, cwd: folder });
    expect(read('none.yaml')).toThrow(
      '  environment  SWITCHYARD_CONFIG: names a file that does not exist (is "none.yaml")',
    );
    expect(read('is-a-folder')).toThrow(
      'SWITCHYARD_CONFIG: names a file that cannot be read: EISDIR',
    );
  });
});

describe('keys of providers in the environment', () => {
  it('open backends of last resort, without a price', () => {
    const { keyBackends } = load('', { OPENAI_API_KEY: ' sk-a ', GROQ_API_KEY: 'g' });
    expect(keyBackends.map(({ id }) => id)).toEqual(['openai', 'groq']);
    expect(keyBackends[0]).toMatchObject({
      kind: 'openai-compatible',
      endpointUrl: 'https://api.openai.com/v1',
      apiKey: 'sk-a',
      class: 'remote',
      origin: 'key',
      lastResort: true,
      tariff: {},
    });
  });

  it('are sent to nobody where they belong to another address', () => {
    const at = (OPENAI_BASE_URL: string) =>
      load('', { OPENAI_API_KEY: 'sk-a', OPENAI_BASE_URL }).keyBackends.length;
    expect(at('http://127.0.0.1:8080/v1')).toBe(0);
    expect(at('https://api.openai.com/v1/')).toBe(1);
  });

  it('open nothing that is written down already', () => {
    const yaml = (id: string, url: string) =>
      `backend_instances: { ${id}: { backend_type: openai-compatible, endpoint_url: ${url} } }`;
    const found = (text: string) => load(text, { OPENAI_API_KEY: 'sk-a' }).keyBackends;
    expect(found(yaml('mine', 'https://api.openai.com/v1/'))).toEqual([]);
    expect(found(yaml('openai', 'https://proxy.example.com'))).toEqual([]);
    expect(found(yaml('mine', 'https://llm.example.com'))).toHaveLength(1);
  });
});
