import { buckets, type WireBackend } from '@switchyard/contracts';
import { type DecisionRecord, replay } from '@switchyard/routing';
import { startFakeOpenAi } from '@switchyard/testing';
import { type House, startHouse } from './house.js';
import { Started } from './started.js';
import { eventually, testBackend } from './yard.js';

// oxlint-disable-next-line no-explicit-any -- tests look into answers of every shape
type Answer = any;

describe('a decision among a thousand backends', () => {
  const started = new Started();
  let house: House;
  const get = async (path: string): Promise<Answer> =>
    (await (await fetch(`${house.url}${path}`)).json()) as Answer;
  beforeAll(async () => {
    const fake = started.keep(await startFakeOpenAi({ models: ['m'] }));
    house = started.keep(await startHouse({ backends: [testBackend('real', fake.url)] }));
  }, 60_000);
  afterAll(() => started.stop());

  it('is read back with all its rows, and decided so again', async () => {
    const registry = await house.bus.keyValues<WireBackend>(buckets.backends.name);
    const real = (await registry.get('real'))?.value ?? {};
    const ids = Array.from({ length: 1_000 }, (_, at) => `other-${String(at).padStart(4, '0')}`);
    // All are rated; none has a slot, so that the job comes to the one that is there.
    for (let from = 0; from < ids.length; from += 50) {
      const some = ids.slice(from, from + 50);
      const puts = some.map((id) => registry.put(id, { ...real, id, slots: 0, priority: 3 }));
      await Promise.all(puts);
    }
    const routed = async () =>
      (await get('/api/loadbalancer/backends')).backends as readonly unknown[];
    await eventually(async () => expect(await routed()).toHaveLength(1_001));

    const task = { payload: 'hi', parameters: { model: 'm', max_tokens: 20 } };
    const done: Answer = await (await house.post('/api/v1/tasks?wait=20000', task)).json();
    expect([done.status, done.backend]).toEqual(['completed', 'real']);

    let explained: Answer = {};
    await eventually(async () => {
      explained = await get(`/api/v1/tasks/${done.task_id}/explain`);
      expect(explained.decisions).toHaveLength(1);
    });
    const [decision] = explained.decisions;
    expect(decision).toMatchObject({ backend: 'real', strategy: 'score' });
    expect([decision.candidates.length, decision.excluded.length]).toEqual([1_001, 1_000]);

    const page = await get(`/api/v1/decisions?record=true&limit=1`);
    const record: DecisionRecord = page.decisions[0].record;
    expect(record.snapshot.backends).toHaveLength(1_001);
    expect(replay(record)).toEqual({ kind: 'same' });
    // So many lie in the object store: a message keeps 64 KiB of them.
    expect(JSON.stringify(record.snapshot.backends).length).toBeGreaterThan(500_000);
  }, 60_000);
});
