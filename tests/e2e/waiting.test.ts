import { type FakeBackend, startFakeOpenAi } from '@switchyard/testing';
import { type House, startHouse } from './house.js';
import { Started } from './started.js';
import { eventually, testBackend } from './yard.js';

const ask = { model: 'm', messages: [{ role: 'user', content: 'hi' }] };
const task = { payload: 'hi', parameters: { model: 'm' } };
type Task = {
  readonly task_id: string;
  readonly status: string;
  readonly queue_position: number | null;
  readonly estimated_wait_ms: number | null;
};

/** One backend with one slot, whose first request hangs until its client leaves. */
describe('a client whose job waits', () => {
  const started = new Started();
  let fake: FakeBackend;
  let house: House;
  const first = new AbortController();

  beforeAll(async () => {
    const faults = { at: { 0: { kind: 'hang' } } } as const;
    fake = started.keep(await startFakeOpenAi({ models: ['m'], faults }));
    const one = testBackend('one', fake.url, { maxConcurrentRequests: 1 });
    house = started.keep(await startHouse({ backends: [one] }));
    fetch(`${house.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(ask),
      signal: first.signal,
    }).catch(() => {});
    await fake.until(({ calls }) => calls === 1);
  }, 60_000);
  afterAll(() => {
    first.abort();
    return started.stop();
  });

  const get = async (id: string): Promise<Task> =>
    (await (await fetch(`${house.url}/api/v1/tasks/${id}`)).json()) as Task;

  it('is told its place and about how long it waits', async () => {
    const submit = async () => (await (await house.post('/api/v1/tasks', task)).json()) as Task;
    const one = await submit();
    await eventually(async () => expect((await get(one.task_id)).queue_position).toBe(1));
    const two = await submit();
    await eventually(async () => expect((await get(two.task_id)).queue_position).toBe(2));
    expect((await get(two.task_id)).estimated_wait_ms).toBeGreaterThan(0);

    const explain = await fetch(`${house.url}/api/v1/tasks/${two.task_id}/explain`);
    expect(await explain.json()).toMatchObject({
      decisions: [],
      waiting: { verdict: 'wait', excluded: [{ backend: 'one', reason: 'capacity' }] },
    });

    const waited = await house.post('/api/v1/tasks?wait=50', task);
    expect(waited.status).toBe(202);
    expect(waited.headers.get('x-switchyard-queue-position')).toBe('3');
    expect(((await waited.json()) as Task).queue_position).toBe(3);

    const streamed = await house.post('/v1/chat/completions', { ...ask, stream: true });
    expect(streamed.headers.get('x-switchyard-queue-position')).toBe('4');
    first.abort();
    const text = await streamed.text();
    expect(text).toMatch(/^: queued position=4 eta_ms=\d+\n\n/);
    expect(text).toContain(': started backend=one attempt=1\n\n');
    expect(text).toMatch(/data: \[DONE\]\n\n$/);
    await eventually(async () => {
      expect(await get(two.task_id)).toMatchObject({ status: 'completed', queue_position: null });
    });
  }, 20_000);
});
