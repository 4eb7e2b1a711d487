import { type FakeBackend, startFakeOpenAi } from '@switchyard/testing';
import { apiKeyOf, type House, startHouse } from './house.js';
import { Started } from './started.js';
import { eventually, testBackend } from './yard.js';

const ask = { model: 'm', messages: [{ role: 'user', content: 'hi' }] };
const task = { payload: 'hi', parameters: { model: 'm' } };
const auth = (account: string) => ({ authorization: `Bearer key-${account}` });

/** One backend of two slots whose first requests hang; three accounts. */
describe('limits', () => {
  const started = new Started();
  let fake: FakeBackend;
  let house: House;

  beforeAll(async () => {
    const hang = { kind: 'hang' } as const;
    const faults = { at: { 0: hang } };
    fake = started.keep(await startFakeOpenAi({ models: ['m'], faults }));
    const free = started.keep(await startFakeOpenAi({ models: ['rated'] }));
    const one = testBackend('one', fake.url, { maxConcurrentRequests: 2 });
    const rated = testBackend('rated', free.url, { requestsPerMinuteMax: 2 });
    const accounts = {
      slow: { runningMax: 1, waitingMax: 2 },
      few: { requestsPerMinute: 2, tokensPerMinute: 1_000 },
    };
    const apiKeys = ['slow', 'few', 'other'].map((name) => apiKeyOf(`key-${name}`, name));
    const limits = { accounts };
    house = started.keep(await startHouse({ backends: [one, rated], apiKeys, limits }));
  }, 60_000);
  afterAll(() => started.stop());

  it('of an account: what runs at once, what waits, and nothing of it for others', async () => {
    const submit = (account: string) => house.post('/api/v1/tasks', task, auth(account));
    const first = await submit('slow');
    const { task_id: id } = (await first.json()) as { readonly task_id: string };
    await fake.until(({ calls }) => calls === 1);
    // A slot is free, but this account runs as many as it may.
    // The door is told once a second how many wait: the first may still be one of them.
    const accepted = () => eventually(async () => expect((await submit('slow')).status).toBe(202));
    await accepted();
    await accepted();
    await eventually(async () => {
      const refused = await submit('slow');
      expect(refused.status).toBe(429);
      expect(refused.headers.get('retry-after')).toBe('1');
    });
    const served = await house.post('/v1/chat/completions', ask, auth('other'));
    expect(served.status).toBe(200);
    expect(served.headers.get('x-ratelimit-limit-requests')).toBeNull();
    expect(fake.counts.calls).toBe(2);
    const headers = auth('slow');
    await fetch(`${house.url}/api/v1/tasks/${id}`, { method: 'DELETE', headers });
    await fake.until(({ completed }) => completed === 3);
  }, 20_000);

  it('of a minute: told in headers, then refused with the time to wait', async () => {
    const chat = () => house.post('/v1/chat/completions', ask, auth('few'));
    const left = [];
    for (const response of [await chat(), await chat(), await chat()]) {
      const { status, headers } = response;
      left.push([status, headers.get('x-ratelimit-remaining-requests')]);
      if (status !== 429) continue;
      expect(Number(headers.get('retry-after'))).toBeGreaterThan(50);
      expect(headers.get('x-ratelimit-limit-tokens')).toBe('1000');
      expect(Number(headers.get('x-ratelimit-reset'))).toBeGreaterThan(50);
      expect(await response.json()).toMatchObject({ error: { code: 'rate_limit_exceeded' } });
    }
    expect(left).toEqual([
      [200, '1'],
      [200, '0'],
      [429, '0'],
    ]);
  });

  it('of a backend: what is beyond its minute waits', async () => {
    const submit = async () => {
      const body = { ...task, parameters: { model: 'rated' } };
      const response = await house.post('/api/v1/tasks?wait=1500', body, auth('other'));
      return response.status;
    };
    expect(await Promise.all([submit(), submit(), submit()])).toEqual(
      expect.arrayContaining([200, 200, 202]),
    );
  }, 20_000);
});
