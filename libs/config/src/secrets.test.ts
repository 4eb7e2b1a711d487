import { findApiKey, hashApiKey, loadConfig, maskedConfig, newApiKey } from './mod.js';

const yaml = `
api_keys: [{ name: ci, account: a, sha256: "${'c'.repeat(64)}" }]
nats: { url: "nats://user:canary-1@n1:4222,nats://canary-2@n2,nats://u:can@ary-3@n3" }
backend_instances:
  cloud: { backend_type: openai-compatible, endpoint_url: https://x.example, api_key: canary-4 }
`;
const env = {
  OPENAI_API_KEY: 'canary-5',
  SWITCHYARD_API_KEYS: `x:b:${'d'.repeat(64)}`,
};

describe('maskedConfig', () => {
  it('shows no secret and everything else', () => {
    const config = loadConfig({ env, cwd: '/srv', readFile: () => yaml });
    const shown = JSON.stringify(maskedConfig(config));
    expect(JSON.stringify(config)).toContain('canary-5');
    expect(shown).not.toMatch(/canary|ary-3|c{64}|d{64}/);
    expect(maskedConfig(config)).toMatchObject({
      apiKeys: [
        { name: 'ci', account: 'a', sha256: '***' },
        { name: 'x', account: 'b', sha256: '***' },
      ],
      nats: { url: 'nats://***@n1:4222,nats://***@n2,nats://***@n3' },
      backends: [{ id: 'cloud', endpointUrl: 'https://x.example', apiKey: '***' }],
      keyBackends: [{ id: 'openai', apiKey: '***' }],
    });
  });
});

describe('a configuration that cannot be used', () => {
  it('shows no secret either', () => {
    const broken = yaml
      .replace('canary-4', '"canary-4 "')
      .replace('c'.repeat(64), 'canary-6')
      .replace('nats://u:', 'http://u:');
    const load = () =>
      loadConfig({
        env: { ...env, SWITCHYARD_API_KEYS: 'x:b:canary-7,canary-8' },
        cwd: '/srv',
        readFile: () => broken,
      });
    expect(load).toThrow('has 5 problems');
    expect(load).not.toThrow(/canary|ary-3/);
  });
});

describe('an API key', () => {
  const first = newApiKey(new Uint8Array(32).fill(1));

  it('is a prefix, 256 bits in letters and digits, and a checksum', () => {
    expect(first.key).toMatch(/^sy_[0-9A-Za-z]{43}_[0-9a-f]{6}$/);
    expect(first.sha256).toBe(hashApiKey(first.key));
    const [, secret = '', checksum] = first.key.split('_');
    expect(hashApiKey(`sy_${secret}`).slice(0, 6)).toBe(checksum);
    expect(newApiKey(new Uint8Array(32)).key).toMatch(/^sy_0{43}_/);
    expect(newApiKey(new Uint8Array(32).fill(255)).key).toMatch(/^sy_[0-9A-Za-z]{43}_/);
  });

  it('is not made from less randomness', () => {
    expect(() => newApiKey(new Uint8Array(16))).toThrow(RangeError);
  });

  it('is found by what was presented, and by nothing else', () => {
    const second = newApiKey(new Uint8Array(32).fill(2));
    const keys = Object.freeze(
      [first, second].map(({ sha256 }, at) => ({ name: `k${at}`, account: `a${at}`, sha256 })),
    );
    for (let asked = 0; asked < 2; asked += 1) {
      expect(findApiKey(keys, second.key)?.account).toBe('a1');
      expect(findApiKey(keys, first.key)?.account).toBe('a0');
      expect(findApiKey(keys, `${first.key} `)).toBeUndefined();
      expect(findApiKey(keys, first.sha256)).toBeUndefined();
      expect(findApiKey(keys, '')).toBeUndefined();
    }
    expect(findApiKey([], first.key)).toBeUndefined();
  });
});
