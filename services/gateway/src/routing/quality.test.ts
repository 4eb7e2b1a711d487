import { createHash } from 'node:crypto';
import { decode, encode, type RateAnswer, subjects } from '@switchyard/contracts';
import { AppError } from '@switchyard/domain';
import { Harness, jsonOf } from '../testing/harness.js';

const keyOf = (name: string, account: string) => ({
  name,
  account,
  sha256: createHash('sha256').update(name).digest('hex'),
});
const apiKeys = [keyOf('one', 'team'), keyOf('two', 'team'), keyOf('other', 'others')];

describe('ratings', () => {
  let harness: Harness;
  let second: string;
  const counted: RateAnswer[] = [];
  let refusal: AppError | undefined;

  const headersOf = (key: string) => ({
    authorization: `Bearer ${key}`,
    'content-type': 'application/json',
  });
  /** The id of a task that was answered. */
  const answered = async (): Promise<string> => {
    const messages = [{ role: 'user', content: 'Which track?' }];
    const answer = await harness.post(
      '/v1/chat/completions',
      { model: 'm', messages },
      headersOf('one'),
    );
    expect(answer.status).toBe(200);
    return answer.headers.get('x-switchyard-job') ?? '';
  };
  /** Rates at the first gateway, or at the second one. */
  const rate = async (
    taskId: string,
    key = 'one',
    more: object = {},
    url = harness.gateway.address,
  ) => {
    const body = JSON.stringify({ taskId, rating: 0.8, ...more });
    const answer = await fetch(`${url}/api/v1/quality/feedback`, {
      method: 'POST',
      headers: headersOf(key),
      body,
    });
    return { status: answer.status, body: await jsonOf(answer) };
  };

  beforeAll(async () => {
    harness = await Harness.start({ apiKeys });
    second = await harness.replica({ apiKeys });
    await harness.other.answer(subjects.rpc('router', 'rate'), 'test', (data) => {
      if (refusal) throw refusal;
      counted.push(decode<RateAnswer>(data));
      return encode({});
    });
  });
  beforeEach(() => {
    counted.length = 0;
    refusal = undefined;
  });
  afterAll(() => harness.stop());

  it('count once for each rater, whatever door they come by', async () => {
    const taskId = await answered();
    const said = [
      rate(taskId),
      rate(taskId, 'one', {}, second),
      rate(taskId, 'one', { rating: 0.1 }, second),
    ];
    const statuses = (await Promise.all(said)).map(({ status }) => status);
    expect(statuses.toSorted((a, b) => a - b)).toEqual([202, 409, 409]);
    expect(counted).toHaveLength(1);
    const again = await rate(taskId);
    expect([again.status, again.body.error.message]).toEqual([
      409,
      expect.stringMatching(/before/),
    ]);
    expect((await rate(taskId, 'two', {}, second)).status).toBe(202);
    expect((await rate(taskId, 'one', { source: 'expert' })).status).toBe(202);
    expect(new Set(counted.map(({ ratingId }) => ratingId)).size).toBe(3);
  });

  it('that no router took may be said again, under the same id', async () => {
    const taskId = await answered();
    refusal = new AppError('unavailable', 'nobody answers');
    expect((await rate(taskId)).status).toBe(503);
    refusal = undefined;
    expect((await rate(taskId, 'one', {}, second)).status).toBe(202);
    expect(counted).toEqual([
      {
        ratingId: expect.stringContaining(taskId),
        backendId: 'local',
        relevance: 0.8,
        accuracy: 0.8,
        completeness: 0.8,
      },
    ]);
  });

  it('are not for strangers, nor for what has no answer', async () => {
    expect((await rate(await answered(), 'other')).status).toBe(404);
    expect((await rate('nobody.has>this')).status).toBe(404);
    harness.play = (played) =>
      played.end({ status: 'failed', failure: { code: 'invalid_request' } });
    const answer = await harness.post(
      '/v1/chat/completions',
      { model: 'm', messages: [{ role: 'user', content: 'x' }] },
      headersOf('one'),
    );
    const failed = await rate(answer.headers.get('x-switchyard-job') ?? '');
    expect([failed.status, failed.body.error.message]).toEqual([
      409,
      expect.stringMatching(/failed/),
    ]);
    expect(counted).toEqual([]);
  });
});
