import { servedStrategies } from '@switchyard/routing';
import { ConfigError, type Environment, loadConfig } from './mod.js';

/** The problems of a file, as lines without their indent. */
function problemsOf(yaml: string, env: Environment = {}): readonly string[] {
  const [first, ...lines] = messageOf(yaml, env).split('\n');
  const count = lines.length === 1 ? '1 problem' : `${lines.length} problems`;
  expect(first).toBe(lines.length === 0 ? '' : `the configuration has ${count}:`);
  return lines.map((line) => line.trim());
}

function messageOf(yaml: string, env: Environment): string {
  try {
    loadConfig({ env, cwd: '/srv', readFile: () => yaml });
    return '';
  } catch (caught) {
    if (!(caught instanceof ConfigError)) throw caught;
    return caught.message;
  }
}

const backend = (keys: string) =>
  `backend_instances:\n  a:\n    backend_type: ollama\n    endpoint_url: http://x\n    ${keys}\n`;
const topKeys =
  'known are environment, gateway, api_keys, nats, strategy, pools, queue, circuit_breaker, prefix_cache, registration, rate_limits, accounts, backend_instances, tariffs, alerts, budgets, preferences';
const digestForm = 'must be the SHA-256 of a key, 64 hexadecimal digits';
const key = 'ab'.repeat(32);

describe('a file of the wrong form', () => {
  it.each([
    ['hello', ':1  (file): must be a mapping of keys to values (is "hello")'],
    ['- a', ':1  (file): must be a mapping of keys to values (is a list)'],
    ['strategy: score\nstrategy: score', ':2  (yaml): Map keys must be unique'],
    ['x: *b', '  (yaml): Unresolved alias (the anchor must be set before the alias): b'],
    ['gateway: 5', ':1  gateway: must be a mapping of keys to values (is 5)'],
    ['api_keys: {}', ':1  api_keys: must be a list (is a mapping)'],
    ['api_keys: [5]', ':1  api_keys[0]: must be a mapping of keys to values (is 5)'],
    ['pools: { chat: score }', ':1  pools.chat: must be a mapping of keys to values (is "score")'],
    [
      'backend_instances: [1]',
      ':1  backend_instances: must be a mapping of keys to values (is a list)',
    ],
    [
      'backend_instances:\n  a:',
      ':2  backend_instances.a: must be a mapping of keys to values (is null)',
    ],
  ])('%j', (yaml, problem) => {
    expect(problemsOf(yaml)).toEqual([`switchyard.yaml${problem}`]);
  });

  it('is told once where the parser stumbles, without a word of it', () => {
    expect(problemsOf('gateway: [\nstrategy: "canary')).toEqual([
      'switchyard.yaml:2  (yaml): Flow sequence in block collection must be sufficiently indented and end with a ]',
    ]);
    expect(problemsOf('\ngateway: { port: ${PORT} }\nx: "canary"')).toEqual([
      'switchyard.yaml:2  (yaml): Unexpected flow-map-start at node end; between { and } a variable is written in quotes: "${NAME}"',
    ]);
    expect(problemsOf('gateway: {}\n} "canary"')).toEqual([
      'switchyard.yaml:2  (yaml): Unexpected flow-map-end token in YAML stream',
    ]);
  });

  it('is refused where its aliases unfold without end', () => {
    const levels = ['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((name, at, all) => {
      const of = at === 0 ? '1' : `*${all[at - 1]}`;
      return `${name}: &${name} [${Array.from({ length: 9 }, () => of).join(', ')}]`;
    });
    expect(problemsOf(levels.join('\n'))).toEqual([
      'switchyard.yaml  (yaml): Excessive alias count indicates a resource exhaustion attack',
    ]);
  });
});

describe('a key that is not known', () => {
  it.each([
    ['gatway: {}', 'gatway: is no key we know; did you mean gateway?'],
    [
      'gateway: { bodylimit: 1MiB }',
      'gateway.bodylimit: is no key we know; did you mean body_limit?',
    ],
    ['queue: { tiemout: 5s }', 'queue.tiemout: is no key we know; did you mean timeout?'],
    ['pools: { chta: { strategy: score } }', 'pools.chta: is no key we know; did you mean chat?'],
    ['qqq: 1', `qqq: is no key we know; ${topKeys}`],
    ['constructor: 1', `constructor: is no key we know; ${topKeys}`],
    [
      'api_keys: [{ name: a, account: b, sha256: HASH, user: c }]',
      'api_keys[0].user: is no key we know; known are name, account, sha256, admin',
    ],
  ])('%s', (yaml, problem) => {
    expect(problemsOf(yaml.replace('HASH', key))).toEqual([`switchyard.yaml:1  ${problem}`]);
  });

  it('is found in a backend and its prices', () => {
    expect(problemsOf(backend('endpoint: x\n    cost: { per_job: 1 }'))).toEqual([
      'switchyard.yaml:5  backend_instances.a.endpoint: is no key we know; did you mean endpoint_url?',
      'switchyard.yaml:6  backend_instances.a.cost.per_job: is no key we know; did you mean per_job_usd?',
    ]);
  });

  it('is never lost as a prototype', () => {
    expect(problemsOf('backend_instances: { __proto__: {} }')).toEqual([
      'switchyard.yaml:1  backend_instances.__proto__: is not allowed as a name',
    ]);
  });
});

describe('a key whose feature is not built yet', () => {
  it.each([
    ['learning_rate: 0.1', 'learning_rate: is not built yet; remove it'],
    ['pools: { video: { strategy: score } }', 'pools.video: is not built yet; remove it'],
    ['response_cache: {}', 'response_cache: is not built yet; remove it'],
    [
      'api_keys: [{ name: a, account: b, sha256: HASH, scopes: [chat] }]',
      'api_keys[0].scopes: is not built yet; remove it',
    ],
  ])('%s', (yaml, problem) => {
    expect(problemsOf(yaml.replace('HASH', key))).toEqual([`switchyard.yaml:1  ${problem}`]);
  });

  it.each([
    [
      'max_tokens_per_minute: 0',
      'max_tokens_per_minute: must be a whole number from 1 to 10000000000 (is 0)',
    ],
    [
      'failure_threshold: 5',
      'failure_threshold: is not built yet; write circuit_breaker: { failure_threshold } at the top of the file',
    ],
    [
      'prefix_cache_tokens: 0',
      'prefix_cache_tokens: must be a whole number from 1 to 1000000000 (is 0)',
    ],
    ['health_check_path: /up', 'health_check_path: is not built yet; remove it'],
    [
      'timeout_seconds: 30',
      'timeout_seconds: is not built yet; write request_timeout with a unit instead, such as 30s',
    ],
    [
      'cost_per_1k_tokens: 0.05',
      'cost_per_1k_tokens: is not built yet; write cost: { per_1m_input_usd, per_1m_output_usd } with 1000 times the price',
    ],
  ])('of a backend: %s', (keys, problem) => {
    expect(problemsOf(backend(keys))).toEqual([
      `switchyard.yaml:5  backend_instances.a.${problem}`,
    ]);
  });

  it.each(['comfyui', 'runpod', 'gemini', 'perplexity', 'lightrag', 'grpc'])(
    'backend_type: %s',
    (kind) => {
      expect(problemsOf(backend('').replace('ollama', kind))).toEqual([
        `switchyard.yaml:3  backend_instances.a.backend_type: must be ollama or openai-compatible: ${kind} is not built yet (is "${kind}")`,
      ]);
    },
  );
});

describe('a bad value', () => {
  const portForm = 'must be a whole number from 0 to 65535';
  const durationForm = 'must be a duration such as "500ms", "30s", "5m" or "24h"';
  const natsForm = 'must be the address of a NATS server, such as nats://127.0.0.1:4222';
  it.each([
    ['gateway: { port: 80a }', `gateway.port: ${portForm} (is "80a")`],
    ['gateway: { port: 65536 }', `gateway.port: ${portForm} (is 65536)`],
    ['gateway: { host: 5 }', 'gateway.host: must be text (is 5)'],
    [
      'gateway: { body_limit: 20MB }',
      'gateway.body_limit: must be a size such as "256KiB" or "20MiB" (is "20MB")',
    ],
    ['gateway: { body_limit: 0B }', 'gateway.body_limit: must be more than 0 (is "0B")'],
    ['queue: { timeout: 30 }', `queue.timeout: ${durationForm} (is 30)`],
    ['queue: { timeout: -1s }', `queue.timeout: ${durationForm} (is "-1s")`],
    ['queue: { timeout: 0.1ms }', 'queue.timeout: must be longer than 0 (is "0.1ms")'],
    ['queue: { max_wait: 25d }', 'queue.max_wait: must be at most "24d" (is "25d")'],
    ['queue: { capacity: 0 }', 'queue.capacity: must be a whole number from 1 to 10000000 (is 0)'],
    [
      'queue: { capacity: 1.5 }',
      'queue.capacity: must be a whole number from 1 to 10000000 (is 1.5)',
    ],
    [
      'queue: { retry_attempts: .inf }',
      'queue.retry_attempts: must be a whole number from 1 to 10 (is null)',
    ],
    [
      'queue: { priority_enabled: maybe }',
      'queue.priority_enabled: must be true or false (is "maybe")',
    ],
    [
      'queue: { retry_delays: 1s }',
      'queue.retry_delays: must be a list of durations such as [1s, 3s] (is "1s")',
    ],
    [
      'queue: { retry_delays: [] }',
      'queue.retry_delays: must hold at least one duration (is a list)',
    ],
    ['queue: { retry_delays: [1s, x] }', `queue.retry_delays[1]: ${durationForm} (is "x")`],
    ['strategy: scores', `strategy: must be one of ${servedStrategies.join(', ')} (is "scores")`],
    ['nats: { sync: yes }', 'nats.sync: must be default or always (is "yes")'],
    [
      'prefix_cache: { mode: LRU }',
      'prefix_cache.mode: must be dynamic, static or none (is "LRU")',
    ],
    [
      'prefix_cache: { block_tokens: 8 }',
      'prefix_cache.block_tokens: must be a whole number from 16 to 65536 (is 8)',
    ],
    [
      'prefix_cache: { cache_tokens: 1.5 }',
      'prefix_cache.cache_tokens: must be a whole number from 1 to 1000000000 (is 1.5)',
    ],
    ['nats: { replicas: 6 }', 'nats.replicas: must be a whole number from 1 to 5 (is 6)'],
    [
      'nats: { inline_limit: 1MiB }',
      'nats.inline_limit: must be at most 700KiB, since NATS takes messages of 1MiB (is "1MiB")',
    ],
    ['nats: { url: "http://n1" }', `nats.url: ${natsForm} (is "http://n1")`],
    ['nats: { url: "n1:4222,,n2" }', `nats.url: ${natsForm} (is "n1:4222,,n2")`],
    [
      'preferences: { max_cost_per_job_usd: -1 }',
      'preferences.max_cost_per_job_usd: must be 0 or more (is -1)',
    ],
    [
      'api_keys: [{ name: a, account: b.c, sha256: HASH }]',
      'api_keys[0].account: must be 1 to 64 letters, digits, "_" or "-" (is "b.c")',
    ],
    ['api_keys: [{ name: a, account: b }]', `api_keys[0].sha256: is missing; it ${digestForm}`],
    [
      'backend_instances: { a.b: { backend_type: ollama, endpoint_url: "http://x" } }',
      'backend_instances.a.b: the name must be 1 to 64 letters, digits, "_" or "-"',
    ],
  ])('%s', (yaml, problem) => {
    expect(problemsOf(yaml.replace('HASH', key))).toEqual([`switchyard.yaml:1  ${problem}`]);
  });

  it.each([
    ['weight: 0', 'weight: must be more than 0 and at most 1000 (is 0)'],
    ['quality_score: 1.1', 'quality_score: must be a number from 0 to 1 (is 1.1)'],
    ['priority: high', 'priority: must be a whole number from 1 to 1000 (is "high")'],
    ['class: cloud', 'class: must be local or remote (is "cloud")'],
    ['is_enabled: 1', 'is_enabled: must be true or false (is 1)'],
    ['request_timeout: 0s', 'request_timeout: must be longer than 0 (is "0s")'],
    ['supported_models: llama', 'supported_models: must be a list (is "llama")'],
    ['supported_models: [1]', 'supported_models[0]: must be text (is 1)'],
    ['model_aliases: [a]', 'model_aliases: must be a mapping (is a list)'],
    ['model_aliases: { a: 1 }', 'model_aliases.a: must be text (is 1)'],
    ['api_key: ""', 'api_key: must not be empty (is ***)'],
    ['api_key: "a\\nb"', 'api_key: must be one word of ASCII (is ***)'],
    ['cost: { per_job_usd: free }', 'cost.per_job_usd: must be a number of US dollars (is "free")'],
    [
      'cost: { per_1m_input_usd: 0.0000001 }',
      'cost.per_1m_input_usd: must be a whole number of millionths of a dollar, such as 0.000125 (is 1e-7)',
    ],
  ])('of a backend: %s', (keys, problem) => {
    expect(problemsOf(backend(keys))).toEqual([
      `switchyard.yaml:5  backend_instances.a.${problem}`,
    ]);
  });

  it.each([
    ['ftp://x', 'must be an http:// or https:// address (is "ftp://x")'],
    ['10.0.0.7:11434', 'must be an http:// or https:// address (is "10.0.0.7:11434")'],
    ['http://', 'must be an http:// or https:// address (is "http://")'],
    ['http://u:secret@x', 'must not carry a user: write api_key (is "http://***@x")'],
    ['http://x/v1?key=1', 'must not carry a query or a fragment (is "http://x/v1?key=1")'],
  ])('of endpoint_url: %s', (url, problem) => {
    expect(problemsOf(backend('').replace('http://x', `"${url}"`))).toEqual([
      `switchyard.yaml:4  backend_instances.a.endpoint_url: ${problem}`,
    ]);
  });
});

describe('variables in a file', () => {
  it.each([
    ['${K}', 'the environment variable K is not set; set it or write the value here'],
    ['${K:-x}', '${K:-x} is no variable; only ${NAME} is understood, of letters, digits and "_"'],
    ['a${K', '${K is no variable; only ${NAME} is understood, of letters, digits and "_"'],
  ])('are not guessed: %s', (written, problem) => {
    expect(problemsOf(backend(`api_key: "${written}"`))).toEqual([
      `switchyard.yaml:5  backend_instances.a.api_key: ${problem}`,
    ]);
  });

  it('are shown by name and never by value', () => {
    const yaml = 'queue: { timeout: "${SECRET}" }\nretry: [{ a: "${SECRET}" }, "${NONE}"]';
    expect(problemsOf(yaml, { SECRET: 'canary' })).toEqual([
      'switchyard.yaml:1  queue.timeout: must be a duration such as "500ms", "30s", "5m" or "24h" (is ${SECRET})',
      'switchyard.yaml:2  retry[1]: the environment variable NONE is not set; set it or write the value here',
      `switchyard.yaml:2  retry: is no key we know; ${topKeys}`,
    ]);
  });
});

describe('what does not go together', () => {
  const open =
    'can be reached from other machines, so API keys are required (is "0.0.0.0"); make one with "switchyard key new" and write it to api_keys, or use 127.0.0.1';

  it('is a door for other machines without a key', () => {
    expect(problemsOf('\ngateway: { host: 0.0.0.0 }')).toEqual([
      `switchyard.yaml:2  gateway.host: ${open}`,
    ]);
    expect(problemsOf('', { SWITCHYARD_HTTP_HOST: '0.0.0.0' })).toEqual([
      `environment  gateway.host: ${open}`,
    ]);
    const env = { SWITCHYARD_HTTP_HOST: '0.0.0.0', SWITCHYARD_API_KEYS: `a:b:${key}` };
    expect(problemsOf('', env)).toEqual([]);
  });

  it('is a key given twice, or a name', () => {
    const yaml = `
api_keys:
  - { name: a, account: x, sha256: "${'1'.repeat(64)}" }
  - { name: a, account: y, sha256: "${'2'.repeat(64)}" }
  - { name: a, account: x, sha256: "${'3'.repeat(64)}" }`;
    expect(problemsOf(yaml, { SWITCHYARD_API_KEYS: `ci:z:${'1'.repeat(64)}` })).toEqual([
      'switchyard.yaml:5  api_keys[2]: is a name that account x has already (is "a")',
      'environment  api_keys[3]: is the same key as "a" (is "ci")',
    ]);
  });

  it('is what only one kind of NATS server obeys', () => {
    expect(problemsOf('nats: { replicas: 3 }')).toEqual([
      'switchyard.yaml:1  nats.replicas: must be 1 with the embedded server, which is a single one (is 3); name a cluster in nats.url',
    ]);
    expect(problemsOf('nats: { sync: always }', { NATS_URL: 'nats://n1' })).toEqual([
      'switchyard.yaml:1  nats.sync: must be default with a NATS server of your own, which decides this itself (is "always"); write sync_interval: always into the jetstream section of its configuration',
    ]);
  });

  it('is a preferred backend that does not exist', () => {
    const yaml = `preferences: { preferred_backend: gpu }\n${backend('')}`;
    expect(problemsOf(yaml)).toEqual([
      'switchyard.yaml:1  preferences.preferred_backend: must be auto or a backend of this file: a (is "gpu")',
    ]);
    expect(problemsOf('preferences: { preferred_backend: gpu }')).toEqual([]);
  });
});

it('tells everything at once, by line, the environment last', () => {
  const yaml = 'strategy: x\nbudgets: { mode: loose }\nqueue:\n  timeout: 5\ngateway: { port: x }';
  const found = problemsOf(yaml, { SWITCHYARD_LOG_LEVEL: 'loud' });
  expect(found.map((line) => line.split(':').slice(0, 2).join(':'))).toEqual([
    'switchyard.yaml:1  strategy',
    'switchyard.yaml:2  budgets.mode',
    'switchyard.yaml:4  queue.timeout',
    'switchyard.yaml:5  gateway.port',
    'environment  SWITCHYARD_LOG_LEVEL: must be one of debug, info, warn, error, silent (is "loud")',
  ]);
});
