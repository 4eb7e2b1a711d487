import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { type DecisionRecord, replay, servedStrategies } from '@switchyard/routing';
import { startFakeOpenAi } from '@switchyard/testing';
import { type House, startHouse } from './house.js';
import { Started } from './started.js';
import { eventually, testBackend } from './yard.js';

const corpus = join(process.cwd(), 'tests', 'replay', 'decisions.jsonl.gz');
const task = (payload: string) => ({ payload, parameters: { model: 'm', max_tokens: 20 } });
const prices = { perMtokInputUsdMicros: 500_000, perMtokOutputUsdMicros: 1_500_000 };
// oxlint-disable-next-line no-explicit-any -- tests look into answers of every shape
type Answer = any;

/** Three backends of the whole product in this process. */
describe('the doors to routing', () => {
  const started = new Started();
  let house: House;
  const get = async (path: string): Promise<Answer> =>
    (await (await fetch(`${house.url}${path}`)).json()) as Answer;
  const post = async (path: string, body: unknown): Promise<Answer> =>
    (await (await house.post(path, body)).json()) as Answer;
  const put = async (path: string, body: unknown): Promise<Answer> => {
    const headers = { 'content-type': 'application/json' };
    const init = { method: 'PUT', headers, body: JSON.stringify(body) };
    return (await (await fetch(`${house.url}${path}`, init)).json()) as Answer;
  };

  beforeAll(async () => {
    const fakes = await Promise.all([0, 1, 2].map(() => startFakeOpenAi({ models: ['m'] })));
    for (const fake of fakes) started.keep(fake);
    const urlOf = (at: number) => fakes[at]?.url ?? '';
    const backends = [
      testBackend('local', urlOf(0), { maxConcurrentRequests: 2, weight: 3 }),
      testBackend('near', urlOf(1), { priority: 2, class: 'remote', tariff: prices }),
      testBackend('far', urlOf(2), {
        priority: 3,
        class: 'remote',
        tariff: { perJobUsdMicros: 4_000 },
        qualityScore: 0.95,
        expectedResponseTimeMs: 400,
      }),
    ];
    house = started.keep(await startHouse({ backends }));
  }, 60_000);
  afterAll(() => started.stop());

  it('quotes what then happens, and leaves nothing behind', async () => {
    const quote = await post('/api/v1/tasks/quote', task('hi'));
    expect(quote).toMatchObject({ verdict: 'route', backend: 'local', strategy: 'score' });
    expect(quote.candidates.map(({ backend }: Answer) => backend)).toEqual([
      'far',
      'local',
      'near',
    ]);
    expect((await get('/api/v1/decisions')).decisions).toEqual([]);
    const answer = await house.post('/api/v1/tasks?wait=20000', task('hi'));
    const done: Answer = await answer.json();
    expect([done.status, done.backend]).toEqual(['completed', quote.backend]);
    let explained: Answer = {};
    await eventually(async () => {
      explained = await get(`/api/v1/tasks/${done.task_id}/explain`);
      expect(explained.decisions).toHaveLength(1);
    });
    expect(explained.decisions[0]).toMatchObject({
      backend: 'local',
      decision_id: answer.headers.get('x-switchyard-decision'),
      score: quote.score,
      attempt: 1,
      reasoning: expect.stringContaining('score chose local'),
    });
  });

  it('routes by each strategy that is set, and every decision can be replayed', async () => {
    for (const strategy of servedStrategies) {
      await put('/api/v1/strategy', { strategy });
      await eventually(async () => {
        const { in_use: inUse } = await get('/api/v1/strategy');
        expect(inUse.chat).toBe(strategy);
      });
      const prompts = Array.from(
        { length: 6 },
        (_, at) => `${strategy} ${'why? '.repeat(at * 60)}`,
      );
      await Promise.all(prompts.map((prompt) => post('/api/v1/tasks?wait=20000', task(prompt))));
    }
    let records: DecisionRecord[] = [];
    await eventually(async () => {
      const all: DecisionRecord[] = [];
      let cursor: string | null = '';
      while (cursor !== null) {
        const more: string = cursor && `&cursor=${cursor}`;
        const page = await get(`/api/v1/decisions?record=true&limit=100${more}`);
        all.push(...page.decisions.map(({ record }: { record: DecisionRecord }) => record));
        cursor = page.next_cursor;
      }
      expect(all).toHaveLength(6 * servedStrategies.length + 1);
      records = all.toReversed();
    });
    expect(new Set(records.map(({ strategy }) => strategy))).toEqual(new Set(servedStrategies));
    expect(records.filter((record) => replay(record).kind !== 'same')).toEqual([]);
    // The corpus that later versions are held against: removed, it is recorded anew.
    if (existsSync(corpus)) return;
    const lines = records.map((record) => `${JSON.stringify(record)}\n`).join('');
    writeFileSync(corpus, gzipSync(lines));
  }, 60_000);

  it('selects, plans and shows in the words of the load balancer', async () => {
    await put('/api/v1/strategy', { strategy: null });
    await eventually(async () => {
      expect((await get('/api/v1/strategy')).in_use.chat).toBe('score');
    });
    const { selection, candidates } = await post('/api/loadbalancer/select', { prompt: 'hi' });
    expect([selection.backend, candidates.length]).toEqual(['local', 3]);
    const options = { strategy: 'quality_based' };
    const other = await post('/api/loadbalancer/select', { prompt: 'hi', options });
    expect(other.selection.strategy).toBe('quality_based');
    const none = await house.post('/api/loadbalancer/select', { jobType: 'text', model: 'gone' });
    expect(none.status).toBe(503);
    expect(await get('/api/loadbalancer/status')).toMatchObject({
      success: true,
      backends: [{ name: 'far', available: true }, { name: 'local' }, { name: 'near' }],
      preferences: { preferredBackend: 'auto', allowCloudFallback: true },
    });
    expect(await get('/api/loadbalancer/recommendations?jobCount=100')).toMatchObject({
      recommendations: [
        { backend: 'local', jobCount: 85, cost: 0 },
        { backend: 'near', jobCount: 15 },
        { backend: 'far', jobCount: 0 },
      ],
    });
    expect(await post('/api/ollama/route', { model: 'm' })).toMatchObject({
      selected_instance: 'local',
      alternatives: [{ instance: 'far' }, { instance: 'near' }],
    });
    expect((await get('/api/v1/learned-weights')).backends).toHaveLength(3);
  });

  it('routes by how answers were rated, each once', async () => {
    const asked = { ...task('which is best?'), strategy: 'quality_based' };
    const send = async (): Promise<Answer> => post('/api/v1/tasks?wait=20000', asked);
    const first = await send();
    expect(first.status).toBe('completed');
    const feedback = { taskId: first.task_id, rating: 0, scores: { relevance: 0.1 } };
    const rated = await house.post('/api/v1/quality/feedback', feedback);
    expect(rated.status).toBe(202);
    expect(await rated.json()).toMatchObject({ backend: first.backend, source: 'user' });
    expect((await house.post('/api/v1/quality/feedback', feedback)).status).toBe(409);
    const stranger = { ...feedback, taskId: 'nobody-has-this' };
    expect((await house.post('/api/v1/quality/feedback', stranger)).status).toBe(404);
    await eventually(async () => expect((await send()).backend).not.toBe(first.backend));
  });

  it('keeps to what an account prefers', async () => {
    await put('/api/v1/strategy', { strategy: null });
    await put('/api/loadbalancer/preferences', { preferredBackend: 'far' });
    await eventually(async () => {
      const { backend, reason } = await post('/api/v1/tasks/quote', task('hi'));
      expect([backend, reason]).toEqual(['far', 'user-preference']);
    });
    const { backend } = await post('/api/v1/tasks?wait=20000', task('hi'));
    expect(backend).toBe('far');
  });
});
