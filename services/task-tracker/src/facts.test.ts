import { readDecisionHead } from './facts.js';
import { cellFact, decidedFact, type Fact, openFeed, queuedFact } from './testing/feed.js';

type Feed = Awaited<ReturnType<typeof openFeed>>;

const running = (attemptNo = 1) =>
  cellFact({
    jobId: 'j',
    status: 'running',
    attemptNo,
    backendId: `gpu-${attemptNo}`,
    executorId: 'e',
  });
const attempt = { attemptNo: 1, backendId: 'gpu-1', failure: { code: 'upstream_error' } };
const retrying = cellFact({
  jobId: 'j',
  status: 'retrying',
  attemptNo: 1,
  backendId: 'gpu-1',
  attempts: [attempt],
});
const succeeded = cellFact({
  jobId: 'j',
  status: 'succeeded',
  attemptNo: 2,
  backendId: 'gpu-2',
  attempts: [attempt, { attemptNo: 2, backendId: 'gpu-2' }],
  outcome: {
    status: 'succeeded',
    finishedAtMs: 9,
    usage: { inputTokens: 3 },
    costUsdMicros: '250',
  },
});
const queued = queuedFact({ jobId: 'j' });
const decided = decidedFact({ jobId: 'j' });

describe('a job in the projection', () => {
  let feed: Feed;
  beforeEach(async () => {
    feed = await openFeed();
  });
  afterEach(() => feed.close());
  const task = () => feed.questions.get({ account: 'default', jobId: 'j' });

  const life: { name: string; facts: Fact[]; shows: object }[] = [
    { name: 'queued', facts: [queued], shows: { status: 'waiting', model: 'm', attempts: [] } },
    {
      name: 'dispatched',
      facts: [queued, decided],
      shows: { status: 'dispatched', backendId: 'gpu-1', queueWaitMs: 40 },
    },
    {
      name: 'running',
      facts: [decided, running()],
      shows: { status: 'running', executorId: 'e', queueWaitMs: 40 },
    },
    {
      name: 'retrying',
      facts: [running(), retrying],
      shows: { status: 'retrying', attempts: [attempt] },
    },
    {
      name: 'queued again',
      facts: [running(), retrying, queuedFact({ jobId: 'j', attemptNo: 2 })],
      shows: { status: 'waiting', attempts: [attempt] },
    },
    {
      name: 'dispatched again',
      facts: [
        queued,
        decided,
        running(),
        retrying,
        decidedFact({ jobId: 'j', attemptNo: 2, backendId: 'gpu-2', queueWaitMs: 900 }),
      ],
      shows: {
        status: 'dispatched',
        attemptNo: 2,
        backendId: 'gpu-2',
        attempts: [attempt],
        queueWaitMs: 40,
      },
    },
    {
      name: 'dispatched again, told before the retry that led there',
      facts: [running(), decidedFact({ jobId: 'j', attemptNo: 2, backendId: 'gpu-2' }), retrying],
      shows: { status: 'dispatched', attemptNo: 2, backendId: 'gpu-2' },
    },
    {
      name: 'running again',
      facts: [retrying, running(2)],
      shows: { status: 'running', attemptNo: 2 },
    },
    {
      name: 'succeeded',
      facts: [queued, decided, running(), retrying, running(2), succeeded],
      shows: {
        status: 'succeeded',
        attemptNo: 2,
        finishedAtMs: 9,
        usage: { inputTokens: 3 },
        costUsdMicros: 250,
        queueWaitMs: 40,
      },
    },
  ];

  it.each(life)('$name, told at once', async ({ facts, shows }) => {
    feed.tell(...facts);
    expect(await task()).toMatchObject(shows);
  });

  it.each(life)('$name, each fact written before the next', async ({ facts, shows }) => {
    for (const fact of facts) {
      feed.tell(fact);
      feed.projection.flush();
    }
    expect(await task()).toMatchObject(shows);
  });

  it('ends the same whatever the order in which the two streams are read, and however often', async () => {
    const events = [queued, decided];
    const cells = [running(), retrying, running(2), succeeded];
    const orders = [
      [...events, ...cells],
      [...cells, ...events],
      [...cells.slice(0, 2), ...events, ...cells.slice(2)],
      [...cells, ...events, ...cells.slice(-1), ...events],
    ];
    const seen = [];
    for (const order of orders) {
      const other = await openFeed();
      for (const fact of order) {
        other.tell(fact);
        other.projection.flush();
      }
      const stats = await other.questions.stats({});
      seen.push({ stats, task: await other.questions.get({ account: 'default', jobId: 'j' }) });
      await other.close();
    }
    for (const one of seen) expect(one).toEqual(seen[0]);
    expect(seen[0]?.stats).toMatchObject({ byStatus: { succeeded: 1 } });
  });

  it('is not shown for a cell that only keeps an idempotency key', async () => {
    feed.tell(cellFact({ jobId: 'j', status: 'submitted' }));
    await expect(task()).rejects.toMatchObject({ code: 'not_found' });
  });

  it.each([
    { name: 'no JSON', text: 'nonsense' },
    { name: 'an array', text: '[]' },
    {
      name: 'fields of the wrong kind',
      text: '{"jobId":"bad","status":"running","account":{},"attemptNo":[]}',
    },
  ])('is shown though $name came before it', async ({ text }) => {
    feed.tell(
      { stream: 'STATE', subject: 'state.bad', text },
      { stream: 'EVENTS', subject: queued.subject, text },
      { stream: 'EVENTS', subject: decided.subject, text },
      queued,
    );
    expect(await task()).toMatchObject({ status: 'waiting' });
    expect(await feed.stored()).toEqual({ STATE: 1, EVENTS: 3 });
  });

  it('that is under way waits to be written, and the file never says more than it holds', async () => {
    feed.tell(running());
    feed.tell(cellFact({ jobId: 'k', status: 'failed', outcome: { status: 'failed' } }));
    await expectEventually(async () => (await feed.stored()).STATE, 0);
    const rows = await feed.projection.database.query.selectFrom('jobs').select('job_id').execute();
    expect(rows).toEqual([{ job_id: 'k' }]);
    expect(await task()).toMatchObject({ status: 'running' });
    expect(await feed.stored()).toMatchObject({ STATE: 2 });
  });
});

describe('readDecisionHead', () => {
  it.each([
    ['stops before the record', '{"jobId":"j","record":this is never read'],
    ['reads the whole where the record is elsewhere', '{"record":{"a":1},"jobId":"j"}'],
    ['is not misled by a record further in', '{"x":{"y":1,"record":2},"jobId":"j"}'],
  ])('%s', (_name, text) => {
    expect(readDecisionHead(Buffer.from(text))).toMatchObject({ jobId: 'j' });
  });
});

async function expectEventually(read: () => Promise<unknown>, expected: unknown): Promise<void> {
  const endMonoMs = performance.now() + 10_000;
  let found = await read();
  while (found !== expected && performance.now() < endMonoMs) {
    await new Promise((resolve) => setImmediate(resolve));
    found = await read();
  }
  expect(found).toBe(expected);
}
