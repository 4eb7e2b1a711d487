import type { Bus } from '@switchyard/bus';
import { hashApiKey } from '@switchyard/config';
import { subjects } from '@switchyard/contracts';
import { type FakeBackend, startFakeOpenAi } from '@switchyard/testing';
import { makeBudget } from '@switchyard/testing/builders';
import { type House, startHouse } from './house.js';
import { Started } from './started.js';
import { foldLedger } from './ledger-reading.js';
import { eventually, testBackend } from './yard.js';

const ask = { model: 'm', messages: [{ role: 'user', content: 'hi' }] };
const priceUsdMicros = 1_000;
const paid = { tariff: { perJobUsdMicros: priceUsdMicros }, class: 'remote' } as const;

/** Three jobs' worth for the one key, and none for the account that it belongs to. */
const ofCi = makeBudget({
  scope: { kind: 'key', id: 'team-a.ci' },
  window: 'total',
  limitUsdMicros: 3_500,
});
const key = (name: string, account: string, isAdmin = false) => ({
  name,
  account,
  isAdmin,
  sha256: hashApiKey(`sy-${account}-${name}`),
});
const auth = (account: string, name: string) => ({
  authorization: `Bearer sy-${account}-${name}`,
});

/** Two jobs' worth for whatever is done for one project. */
const ofProject = {
  ...ofCi,
  scope: { kind: 'tag' as const, id: 'project x' },
  limitUsdMicros: 2_500,
};

/** Counts what is asked for money from now on. */
function countHoldsAsked(bus: Bus): () => number {
  const subject = subjects.rpc('cost-ledger', 'hold');
  const before = bus.askMessage.bind(bus);
  let count = 0;
  bus.askMessage = (asked, ...rest) => {
    if (asked === subject) count += 1;
    return before(asked, ...rest);
  };
  return () => count;
}

describe('a budget of an API key', () => {
  const started = new Started();
  let fake: FakeBackend;
  let house: House;

  beforeAll(async () => {
    fake = started.keep(await startFakeOpenAi({ models: ['m'] }));
    const apiKeys = [key('ci', 'team-a'), key('desk', 'team-a'), key('ops', 'ops', true)];
    const limits = { budgets: { mode: 'strict' as const, list: [ofCi, ofProject] } };
    const backends = [testBackend('paid', fake.url, paid)];
    house = started.keep(await startHouse({ backends, apiKeys, limits }));
  }, 60_000);
  afterAll(() => started.stop());

  const chat = (account: string, name: string) =>
    house.post('/v1/chat/completions', ask, auth(account, name));
  type Money = { readonly rows: readonly object[]; readonly budgets: readonly object[] };
  const get = async (path: string, account: string, name: string) =>
    (await fetch(`${house.url}${path}`, { headers: auth(account, name) })).json() as Promise<Money>;

  it('holds for that key alone, whichever door, and names itself when it is spent', async () => {
    const holdsAsked = countHoldsAsked(house.bus);
    const task = { payload: 'hi', parameters: { model: 'm' } };
    const byTask = await house.post('/api/v1/tasks?wait=5000', task, auth('team-a', 'ci'));
    expect(byTask.status).toBe(200);
    expect([(await chat('team-a', 'ci')).status, (await chat('team-a', 'ci')).status]).toEqual([
      200, 200,
    ]);
    // Held, stored, dispatched: none of them waited for anything, so none is in the queue.
    expect((await house.bus.streamState('JOBS')).lastSeq).toBe(0);
    const refused = await chat('team-a', 'ci');
    const { error } = (await refused.json()) as { error: { code: string; message: string } };
    expect({ status: refused.status, code: error.code }).toEqual({
      status: 402,
      code: 'insufficient_quota',
    });
    expect(error.message).toContain(
      'total budget of key team-a.ci: limit $0.0035, spent $0.003, held $0; this job may cost $0.001',
    );
    const before = holdsAsked();
    expect(before).toBeGreaterThanOrEqual(4);
    expect((await chat('team-a', 'desk')).status).toBe(200);
    expect(holdsAsked()).toBe(before);
    expect(fake.counts.calls).toBe(4);
  });

  it('charges the key, reports by it, and shows it to its account', async () => {
    await eventually(async () => {
      const { book, bookings } = await foldLedger(house.bus);
      const spent = { spentUsdMicros: 3_000, heldUsdMicros: 0 };
      expect(book.balances.of('key:team-a.ci')).toEqual(spent);
      expect(book.balances.of('key:team-a.desk').spentUsdMicros).toBe(1_000);
      // The other key falls under no budget: nothing is held for it.
      const ofDesk = bookings.filter(({ apiKey }) => apiKey === 'desk');
      expect(ofDesk.map(({ entries }) => entries.map(({ type }) => type))).toEqual([['post']]);
    });
    await eventually(async () => {
      const { rows } = await get('/api/v1/costs?groupBy=key', 'team-a', 'desk');
      expect(rows).toMatchObject([
        { key: 'team-a.ci', cost_usd: 0.003, jobs: 3 },
        { key: 'team-a.desk', cost_usd: 0.001, jobs: 1 },
      ]);
    });
    const { budgets } = await get('/api/v1/budgets', 'team-a', 'desk');
    expect(budgets).toMatchObject([{ scope: 'key', id: 'team-a.ci', spent_usd: 0.003 }]);
  });

  it('leaves those of a tag alone, which any account may name, on either door', async () => {
    const ops = auth('ops', 'ops');
    const tagged = { ...ops, 'x-switchyard-cost-tags': 'night, project x' };
    expect((await house.post('/v1/chat/completions', ask, tagged)).status).toBe(200);
    const task = { payload: 'hi', parameters: { model: 'm' }, costTags: ['project x'] };
    expect((await house.post('/api/v1/tasks?wait=5000', task, ops)).status).toBe(200);
    const refused = await house.post('/v1/chat/completions', ask, tagged);
    expect(refused.status).toBe(402);
    const told = { limit_usd: 0.0025, spent_usd: 0.002, held_usd: 0, needed_usd: 0.001 };
    const budget = { scope: 'tag', id: 'project x', window: 'total', ...told, resets_at: null };
    const { error } = (await refused.json()) as { error: object };
    expect(error).toMatchObject({ code: 'insufficient_quota', budget });
    const failed = await (await house.post('/api/v1/tasks?wait=5000', task, ops)).json();
    expect(failed).toMatchObject({ error: { code: 'budget_exceeded', budget } });
    // Who names another tag, or none, is not held back; a tag that a backend must have is another.
    expect((await chat('ops', 'ops')).status).toBe(200);
    const needs = { ...ops, 'x-switchyard-tags': 'project x' };
    expect((await house.post('/v1/chat/completions', ask, needs)).status).toBe(503);
    await eventually(async () => {
      const { rows } = await get('/api/v1/costs?groupBy=tag&account=ops', 'ops', 'ops');
      expect(rows).toEqual(
        expect.arrayContaining([
          expect.objectContaining({ tag: 'project x', cost_usd: 0.002, jobs: 2 }),
          expect.objectContaining({ tag: 'night', cost_usd: 0.001, jobs: 1 }),
        ]),
      );
    });
  });

  it('is set while running, and warns where more is spent already', async () => {
    const body = { scope: 'account', id: 'team-a', window: 'daily', limit_usd: 0.001 };
    const answer = await fetch(`${house.url}/api/v1/budgets`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json', ...auth('ops', 'ops') },
      body: JSON.stringify(body),
    });
    expect(await answer.json()).toMatchObject({
      spent_usd: 0.004,
      left_usd: 0,
      resets_at: expect.stringMatching(/T00:00:00\.000Z$/),
      warning: expect.stringContaining('0.004 USD are spent in this period already'),
    });
    await eventually(async () => expect((await chat('team-a', 'desk')).status).toBe(402));
  });
});
