import { cellFact, openFeed, queuedFact } from './testing/feed.js';

type Feed = Awaited<ReturnType<typeof openFeed>>;

const minuteMs = 60_000;

describe('questions', () => {
  let feed: Feed;
  let nowMs: number;
  beforeEach(async () => {
    feed = await openFeed();
    nowMs = feed.clock.nowMs;
  });
  afterEach(() => feed.close());

  const ended = (jobId: string, changes: Parameters<typeof cellFact>[0] | object = {}) =>
    cellFact({
      jobId,
      status: 'succeeded',
      attemptNo: 1,
      backendId: 'gpu-1',
      outcome: { status: 'succeeded' },
      ...changes,
    });
  const ids = async (asked: Partial<Parameters<Feed['questions']['list']>[0]> = {}) =>
    (await feed.questions.list({ account: 'default', limit: 500, ...asked })).tasks.map(
      ({ jobId }) => jobId,
    );

  it('lists from newest to oldest', async () => {
    for (const at of [2, 0, 1])
      feed.tell(queuedFact({ jobId: `j${at}`, submittedAtMs: nowMs + at }));
    expect(await ids()).toEqual(['j2', 'j1', 'j0']);
  });

  it('pages through everything once, jobs of one instant too, while new ones come', async () => {
    for (let at = 0; at < 25; at += 1) {
      feed.tell(queuedFact({ jobId: `j${at}`, submittedAtMs: nowMs + Math.floor(at / 10) }));
    }
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await feed.questions.list({ account: 'default', limit: 7, cursor });
      seen.push(...page.tasks.map(({ jobId }) => jobId));
      cursor = page.nextCursor;
      feed.tell(queuedFact({ jobId: `new${seen.length}`, submittedAtMs: nowMs + 1_000 }));
    } while (cursor);
    expect(seen).toHaveLength(25);
    expect(new Set(seen).size).toBe(25);
  });

  it.each([
    { name: 'status', asked: { status: ['failed', 'waiting'] as const }, found: ['wait', 'fail'] },
    { name: 'backend', asked: { backendId: 'gpu-2' }, found: ['fail'] },
    { name: 'kind', asked: { kind: 'embedding' }, found: ['embed'] },
    { name: 'from', asked: { fromMs: 1_800_000_000_002 }, found: ['wait', 'embed'] },
    { name: 'to, which is not included', asked: { toMs: 1_800_000_000_001 }, found: ['chat'] },
    { name: 'several', asked: { status: ['succeeded'] as const, kind: 'chat' }, found: ['chat'] },
    { name: 'nothing', asked: { status: ['expired'] as const }, found: [] },
  ])('filters by $name', async ({ asked, found }) => {
    feed.tell(
      ended('chat'),
      ended('fail', { status: 'failed', backendId: 'gpu-2', submittedAtMs: nowMs + 1 }),
      ended('embed', { kind: 'embedding', submittedAtMs: nowMs + 2 }),
      queuedFact({ jobId: 'wait', submittedAtMs: nowMs + 3 }),
    );
    expect(await ids({ ...asked, status: asked.status && [...asked.status] })).toEqual(found);
  });

  it('lists the jobs that an executor was lost for, and pages through several states', async () => {
    const failure = { code: 'executor_lost', message: 'gone' };
    feed.tell(
      ended('plain'),
      ended('moved', { attempts: [{ attemptNo: 1, failure }], submittedAtMs: nowMs + 1 }),
      ended('failed', { status: 'failed', submittedAtMs: nowMs + 2 }),
      ended('late', { status: 'expired', submittedAtMs: nowMs + 3 }),
    );
    expect(await ids({ isOrphaned: true })).toEqual(['moved']);
    const status = ['succeeded', 'failed', 'expired'] as const;
    const asked = { account: 'default', status, limit: 3 };
    const page = await feed.questions.list(asked);
    expect(page.tasks.map(({ jobId }) => jobId)).toEqual(['late', 'failed', 'moved']);
    const rest = await feed.questions.list({ ...asked, cursor: page.nextCursor });
    expect(rest).toMatchObject({ tasks: [{ jobId: 'plain' }] });
    expect(rest.nextCursor).toBeUndefined();
  });

  it('shows an account its own jobs only', async () => {
    feed.tell(ended('mine'), ended('theirs', { account: 'other' }));
    expect(await ids()).toEqual(['mine']);
    const asked = { account: 'default', jobId: 'theirs' };
    await expect(feed.questions.get(asked)).rejects.toMatchObject({ code: 'not_found' });
    expect(await feed.questions.get({ ...asked, account: 'other' })).toMatchObject({
      jobId: 'theirs',
    });
  });

  it.each([
    'x',
    'W10',
    'WyJhIiwiYiJd',
    Buffer.from('[1,"1; drop table jobs"]').toString('base64url'),
  ])('refuses the cursor %s', async (cursor) => {
    const listing = feed.questions.list({ account: 'default', limit: 5, cursor });
    await expect(listing).rejects.toMatchObject({ code: 'invalid_request' });
  });

  it.each([undefined, '', 5, { a: 1 }])('refuses %p as an account', async (account) => {
    const asked = { account: account as string, jobId: 'j', limit: 5 };
    await expect(feed.questions.get(asked)).rejects.toMatchObject({ code: 'invalid_request' });
    await expect(feed.questions.list(asked)).rejects.toMatchObject({ code: 'invalid_request' });
  });

  it.each([
    [0, 1],
    [Number.NaN, 1],
    [9_999, 500],
  ])('a page of %d holds %d', async (limit, rows) => {
    for (let at = 0; at < 510; at += 1) feed.tell(queuedFact({ jobId: `j${at}` }));
    expect(await ids({ limit })).toHaveLength(rows);
  });

  it('counts by status and age, of one account and of all, and forgets nothing on the way', async () => {
    feed.tell(
      queuedFact({ jobId: 'new', submittedAtMs: nowMs - 10 * minuteMs + 1 }),
      queuedFact({ jobId: 'medium', submittedAtMs: nowMs - 10 * minuteMs }),
      queuedFact({ jobId: 'old', submittedAtMs: nowMs - 60 * minuteMs, account: 'other' }),
      ended('done'),
    );
    expect(await feed.questions.stats({})).toMatchObject({
      byStatus: { waiting: 3, succeeded: 1 },
      byAge: { recent: 1, medium: 1, old: 1 },
    });
    feed.tell(ended('new'), ended('old', { account: 'other' }));
    expect(await feed.questions.stats({})).toMatchObject({
      byStatus: { waiting: 1, succeeded: 3 },
      byAge: { recent: 0, medium: 1, old: 0 },
    });
    expect(await feed.questions.stats({ account: 'other' })).toMatchObject({
      byStatus: { succeeded: 1 },
      byAge: { recent: 0, medium: 0, old: 0 },
    });
  });

  it('adds up what jobs cost today and in the last hour, each once', async () => {
    const paid = (jobId: string, atMs: number, costUsdMicros: string) =>
      ended(jobId, { updatedAtMs: atMs, outcome: { status: 'succeeded', costUsdMicros } });
    // 08:00 UTC.
    const midnightMs = nowMs - (nowMs % (24 * 60 * minuteMs));
    feed.tell(queuedFact({ jobId: 'now' }));
    feed.projection.flush();
    feed.tell(
      paid('now', nowMs, '100'),
      paid('earlier', midnightMs, '20'),
      paid('yesterday', midnightMs - 1, '3'),
    );
    feed.projection.flush();
    feed.tell(paid('now', nowMs, '100'), paid('free', nowMs, '0'));
    expect(await feed.questions.stats({})).toMatchObject({
      costTodayUsdMicros: 120,
      costHourUsdMicros: 100,
    });
    feed.clock.nowMs += 60 * minuteMs;
    expect(await feed.questions.stats({})).toMatchObject({
      costTodayUsdMicros: 120,
      costHourUsdMicros: 0,
    });
  });

  it('forgets jobs a day after their end, and not those that are open', async () => {
    feed.tell(
      ended('old'),
      queuedFact({ jobId: 'open' }),
      ended('fresh', { updatedAtMs: nowMs + 1 }),
    );
    feed.projection.flush();
    feed.clock.nowMs += 24 * 60 * minuteMs;
    feed.projection.purge();
    expect(await ids()).toHaveLength(3);
    feed.clock.nowMs += 1;
    for (let round = 0; round < 2; round += 1) feed.projection.purge();
    expect((await ids()).sort()).toEqual(['fresh', 'open']);
    expect((await feed.questions.stats({})).byStatus).toEqual({ succeeded: 1, waiting: 1 });
  });
});
