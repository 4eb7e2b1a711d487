import { createHash } from 'node:crypto';
import { encode, subjects } from '@switchyard/contracts';
import {
  backendRow,
  decide,
  noPreferences,
  recordOf,
  type RoutingJob,
  seedOf,
  snapshotOf,
  strategies,
  quoteOf,
} from '@switchyard/routing';
import { makeRoutingJob } from '@switchyard/testing/builders';
import { Harness, jsonOf } from '../testing/harness.js';
import { fleetOfThree } from '../testing/three-backends.js';

const sha256 = (key: string) => createHash('sha256').update(key).digest('hex');
const apiKeys = [
  { sha256: sha256('ops'), account: 'ops', isAdmin: true },
  { sha256: sha256('key-a'), account: 'team-a', isAdmin: false },
  { sha256: sha256('key-b'), account: 'team-b', isAdmin: false },
] as unknown as NonNullable<Parameters<typeof Harness.start>[0]>['apiKeys'];
const by = (key: string) => ({ authorization: `Bearer ${key}` });
const nowMs = 1_700_000_000_000;
const jobOf = (id: string, account: string) =>
  makeRoutingJob({ id, account, kind: 'video', model: 'clip' });
const inputOf = (job: RoutingJob) => ({
  job,
  snapshot: snapshotOf(fleetOfThree.map(([backend, live]) => backendRow(backend, null, live))),
  strategy: strategies.score,
  nowMs,
  seed: seedOf(job.id, 1),
});

describe('the doors to routing', () => {
  let harness: Harness;
  const get = async (path: string, key = 'key-a') =>
    jsonOf(await harness.fetch(path, { headers: by(key) }));
  const send = async (method: string, path: string, body: unknown, key = 'key-a') => {
    const headers = { ...by(key), 'content-type': 'application/json' };
    const response = await harness.fetch(path, { method, headers, body: JSON.stringify(body) });
    return { status: response.status, body: await jsonOf(response) };
  };

  beforeAll(async () => {
    harness = await Harness.start({ apiKeys });
    const { snapshot } = inputOf(jobOf('x', 'team-a'));
    const view = {
      snapshot,
      strategies: { chat: 'score' },
      configured: { chat: 'score' },
      preferences: noPreferences,
      decisions: 1,
    };
    await harness.other.answer(subjects.rpc('router', 'routing'), 'test', () => encode(view));
    await harness.other.answer(subjects.rpc('router', 'quote'), 'test', () =>
      encode({ ...quoteOf(inputOf(jobOf('x', 'team-a'))), waitMs: 0 }),
    );
    await harness.other.flush();
  });
  afterAll(() => harness.stop());

  it('selects as the table of the three backends says', async () => {
    const { status, body } = await send('POST', '/api/loadbalancer/select', { jobType: 'video' });
    expect(status).toBe(200);
    expect(body.selection).toMatchObject({ backend: 'local', reason: 'picked', strategy: 'score' });
    const points = body.candidates.map((each: { backend: string; score: number }) => [
      each.backend,
      each.score.toFixed(2),
    ]);
    expect(points).toEqual([
      ['cloud', '64.04'],
      ['gemini', '43.33'],
      ['local', '88.00'],
    ]);
  });

  it('recommends and estimates as V6 says', async () => {
    const plan = await get(
      '/api/loadbalancer/recommendations?jobType=video&jobCount=100&maxBudget=1.00',
    );
    expect(plan).toMatchObject({ totalCost: 0.105, totalTime: 850, avgCostPerJob: 0.00105 });
    const { body } = await send('POST', '/api/loadbalancer/estimate', {
      jobCount: 1000,
      jobType: 'video',
    });
    expect(body.estimate).toMatchObject({
      totalCost: 1.05,
      breakdown: { local: { jobs: 850 }, cloud: { jobs: 150 } },
      baselineCost: 80,
      savingsPercent: 98.69,
    });
  });

  it.each([
    ['PUT', '/api/v1/strategy', { strategy: 'scor' }, 400, 'strategy', /did you mean score/],
    ['POST', '/api/v1/quality/feedback', { taskId: 'x', rating: 2 }, 400, 'rating', /1/],
    ['POST', '/api/v1/quality/feedback', { taskId: 'x' }, 400, 'rating', /no side is scored/],
    ['POST', '/api/v1/quality/feedback', { rating: 1 }, 400, 'taskId', /id of a task/],
    [
      'POST',
      '/api/v1/quality/feedback',
      { taskId: 'x', scores: { beauty: 1 } },
      400,
      'scores',
      /beauty/,
    ],
    ['PUT', '/api/v1/strategy', { strategy: 'score', pool: 'x' }, 400, 'pool', /use one of chat/],
    ['PUT', '/api/v1/strategy', { strategy: 'score', revision: 99 }, 409, 'revision', /read it/],
    ['PUT', '/api/loadbalancer/preferences', { maxCostPerJob: -1 }, 400, 'maxCostPerJob', /0 or/],
    ['PUT', '/api/loadbalancer/preferences', { cheap: true }, 400, 'cheap', /none of/],
    ['POST', '/api/loadbalancer/select', { jobType: 'song' }, 400, 'jobType', /use text/],
    ['POST', '/api/loadbalancer/estimate', { jobCount: 0 }, 400, 'jobCount', /1 to 1000000/],
    [
      'POST',
      '/api/loadbalancer/estimate',
      { jobCount: 1, jobType: 'video', backend: 'moon' },
      404,
      'backend',
      /auto or one of cloud/,
    ],
  ])('%s %s refuses %j', async (method, path, asked, status, field, remedy) => {
    const { status: said, body } = await send(method, path, asked, 'ops');
    expect([said, body.error.details[0].field]).toEqual([status, field]);
    expect(body.error.message).toMatch(remedy);
  });

  it('changes the strategy for operators, and tells it as an event', async () => {
    const change = { strategy: 'round_robin', pool: 'text' };
    expect((await send('PUT', '/api/v1/strategy', change)).status).toBe(403);
    const { status, body } = await send('PUT', '/api/v1/strategy', change, 'ops');
    expect(status).toBe(200);
    expect(body).toMatchObject({ pools: { chat: 'round_robin' }, changed_by: 'ops' });
    expect(await get('/api/v1/strategy')).toMatchObject({
      pools: { chat: 'round_robin' },
      in_use: { chat: 'score' },
    });
    const told = await harness.other.readLast(
      'ALERTS',
      subjects.alert(['routing', 'strategy', String(body.revision)]),
    );
    expect(new TextDecoder().decode(told?.data)).toContain('round_robin');
    const back = await send('PUT', '/api/v1/strategy', { strategy: null, pool: 'chat' }, 'ops');
    expect(back.body).toMatchObject({ strategy: null, pools: {} });
  });

  it('keeps preferences by account, and those of all for operators', async () => {
    const path = '/api/loadbalancer/preferences';
    const { body } = await send('PUT', path, { maxCostPerJob: 0.01 });
    expect(body.preferences).toEqual({
      preferredBackend: 'auto',
      maxCostPerJob: 0.01,
      prioritizeSpeed: false,
      allowCloudFallback: true,
    });
    expect((await get(path, 'key-b')).preferences.maxCostPerJob).toBeNull();
    expect((await get(path)).preferences.maxCostPerJob).toBe(0.01);
    expect((await send('PUT', `${path}?scope=global`, {})).status).toBe(403);
  });

  it('lists decisions of the caller alone, newest first, page by page', async () => {
    for (const [id, account] of [
      ['d1', 'team-a'],
      ['d2', 'team-b'],
      ['d3', 'team-a'],
      ['d4', 'team-a'],
    ] as const) {
      const input = inputOf(jobOf(id, account));
      harness.other.emit(
        subjects.jobEvent('decided'),
        encode({
          decisionId: `${id}.1.0`,
          jobId: id,
          account,
          attemptNo: 1,
          verdict: 'route',
          backendId: 'local',
          decidedAtMs: nowMs + Number(id.slice(1)),
          record: recordOf(input, decide(input)),
        }),
      );
    }
    await harness.other.flush();
    const first = await get('/api/v1/decisions?limit=2&record=true');
    const ids = ({ decisions }: { decisions: { task_id: string }[] }) =>
      decisions.map(({ task_id }) => task_id);
    expect(ids(first)).toEqual(['d4', 'd3']);
    expect(first.decisions[0]).toMatchObject({
      backend: 'local',
      reasoning: expect.stringContaining('score chose local with 88.00 points'),
      candidates: [{ backend: 'local' }, { backend: 'cloud' }, { backend: 'gemini' }],
      record: { seed: expect.any(Number) },
    });
    const rest = await get(`/api/v1/decisions?limit=2&cursor=${first.next_cursor}`);
    expect([ids(rest), rest.decisions[0].record]).toEqual([['d1'], undefined]);
    expect(ids(await get('/api/v1/decisions?jobId=d3'))).toEqual(['d3']);
    expect(ids(await get(`/api/v1/decisions?to=${nowMs + 3}`))).toEqual(['d3', 'd1']);
    expect(ids(await get('/api/v1/decisions?strategy=random'))).toEqual([]);
  });
});
