import { ConfigError } from './config-error.js';
import { loadConfig } from './load.js';
import { ConfigReloads } from './reload.js';

const backend = (weight: number) =>
  `backend_instances:\n  one: { backend_type: ollama, endpoint_url: http://a, weight: ${weight} }\n`;

const open = (first: string) => {
  let text = first;
  const options = { env: {}, cwd: '/', readFile: () => text };
  const reloads = new ConfigReloads(loadConfig(options), options);
  const told: number[] = [];
  reloads.onChange(({ backends }) => told.push(backends[0]?.weight ?? 0));
  return {
    reloads,
    told,
    reload: (next: string) => {
      text = next;
      return reloads.reload();
    },
  };
};

describe('a configuration that is read again', () => {
  it('tells of what changed, and only then', () => {
    const { reload, reloads, told } = open(backend(1));
    expect(reload(backend(1))).toEqual([]);
    expect(told).toEqual([]);
    const more = 'circuit_breaker: { failure_threshold: 2 }\nqueue: { timeout: 5s }\n';
    expect(reload(backend(3) + more)).toEqual([
      'queue.timeout',
      'circuit_breaker.failure_threshold',
      'backends',
    ]);
    expect(told).toEqual([3]);
    expect(reloads.current.breaker.failureThreshold).toBe(2);
  });

  it.each([
    ['strategy: random', 'strategy'],
    ['gateway: { port: 9 }', 'gateway.port'],
    ['nats: { replicas: 3, url: "nats://a:1" }', 'nats.url'],
    ['queue: { capacity: 9 }', 'queue.capacity'],
    ['queue: { retry_attempts: 2 }', 'queue.retry_attempts'],
    ['prefix_cache: { mode: static }', 'prefix_cache'],
    ['circuit_breaker: { half_open_max_requests: 1 }', 'circuit_breaker.half_open_max_requests'],
    ['pools: { chat: { strategy: random } }', 'pools'],
  ])('refuses %s, and everything beside it', (text, key) => {
    const { reload, reloads, told } = open(backend(1));
    expect(() => reload(`${backend(2)}${text}\n`)).toThrow(ConfigError);
    expect(() => reload(`${backend(2)}${text}\n`)).toThrow(`${key}: cannot change while it runs`);
    expect(told).toEqual([]);
    expect(reloads.current.backends[0]?.weight).toBe(1);
  });

  it('stays as it is where the file is broken', () => {
    const { reload, told, reloads } = open(backend(1));
    expect(() => reload('backend_instances: 5')).toThrow(ConfigError);
    expect(told).toEqual([]);
    expect(reload(backend(4))).toEqual(['backends']);
    expect(reloads.current.backends[0]?.weight).toBe(4);
  });
});
