import { Harness, jsonOf } from '../testing/harness.js';

const chat = { model: 'm', messages: [{ role: 'user', content: 'hi' }] };
const task = { payload: 'hi', parameters: { model: 'm' } };
const message = 'no budget pays for a backend that could take this job (...)';
const budget = {
  scope: 'account',
  id: 'team-a',
  window: 'daily',
  limitUsdMicros: 20_000_000,
  spentUsdMicros: 19_200_000,
  heldUsdMicros: 500_000,
  neededUsdMicros: 900_000,
  resetAtMs: Date.parse('2026-03-02T00:00:00Z'),
};
const told = {
  scope: 'account',
  id: 'team-a',
  window: 'daily',
  limit_usd: 20,
  spent_usd: 19.2,
  held_usd: 0.5,
  needed_usd: 0.9,
  resets_at: '2026-03-02T00:00:00.000Z',
};

describe('a refusal for money', () => {
  let harness: Harness;
  const refuse = (failure: object) => {
    harness.play = (played) =>
      played.end({
        status: 'failed',
        failure: { code: 'budget_exceeded', message, ...failure },
      });
  };
  beforeAll(async () => {
    harness = await Harness.start();
  });
  afterAll(() => harness.stop());

  it('names the budget on the OpenAI door, streamed or not', async () => {
    refuse({ budget });
    for (const stream of [false, true]) {
      const response = await harness.post('/v1/chat/completions', { ...chat, stream });
      expect(response.status).toBe(402);
      const { error } = await jsonOf(response);
      const words = { message, type: 'insufficient_quota', code: 'insufficient_quota' };
      expect(error).toEqual({ ...words, param: null, job_id: expect.any(String), budget: told });
    }
  });

  it('names it in the task that it ended', async () => {
    refuse({ budget });
    const shown = await jsonOf(await harness.post('/api/v1/tasks?wait=5000', task));
    expect(shown).toMatchObject({ status: 'failed' });
    expect(shown.error).toEqual({ code: 'budget_exceeded', message, budget: told });
    const stream = await harness.fetch(`/api/v1/tasks/${shown.task_id}/stream`);
    expect(stream.status).toBe(402);
    const { success, error } = await jsonOf(stream);
    expect({ success, ...error }).toMatchObject({
      success: false,
      code: 'budget_exceeded',
      budget: told,
    });
  });

  it('says what is not known: no id of the global one, no end of one that has none', async () => {
    const { id: _id, resetAtMs: _resetAtMs, ...global } = budget;
    refuse({ budget: { ...global, scope: 'global', window: 'total' } });
    const { error } = await jsonOf(await harness.post('/v1/chat/completions', chat));
    expect(error.budget).toMatchObject({ scope: 'global', id: null, resets_at: null });
  });

  it('names no budget where a cost cap was in the way', async () => {
    refuse({});
    const { error } = await jsonOf(await harness.post('/v1/chat/completions', chat));
    expect(error).not.toHaveProperty('budget');
  });
});
