import { encode } from '@switchyard/contracts';
import { completion, Harness, jsonOf } from './testing/harness.js';

const chat = { model: 'm', messages: [{ role: 'user', content: 'hi' }] };
const task = { payload: 'hi', parameters: { model: 'm' } };

describe('tags of a job', () => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await Harness.start();
  });
  afterAll(() => harness.stop());
  beforeEach(() => {
    harness.jobs.length = 0;
    harness.play = (played) => played.succeed(completion('hi'));
  });

  it('come by headers on the OpenAI door, and the body travels as it came', async () => {
    const headers = {
      'x-switchyard-tags': 'eu',
      'x-switchyard-cost-tags': 'project x, night,project x',
    };
    expect((await harness.post('/v1/chat/completions', chat, headers)).status).toBe(200);
    expect(harness.jobs).toMatchObject([
      { tags: ['eu'], costTags: ['project x', 'night'], body: chat },
    ]);
  });

  it('come in the body of a task, by headers beside it, or both', async () => {
    const body = { ...task, tags: ['eu'], costTags: ['project-x'] };
    const headers = { 'x-switchyard-cost-tags': 'night,project-x' };
    await harness.post('/api/v1/tasks?wait=5000', body, headers);
    await harness.post('/api/v1/tasks?wait=5000', { ...task, tags: [], costTags: ['a', 'a'] });
    expect(harness.jobs).toMatchObject([
      { tags: ['eu'], costTags: ['project-x', 'night'] },
      { costTags: ['a'] },
    ]);
    expect(harness.jobs[1]).not.toHaveProperty('tags');
  });

  it('add nothing to a job that has none', async () => {
    await harness.post('/v1/chat/completions', chat);
    expect(encode(harness.jobs[0] ?? {})).not.toMatch(/tags/i);
  });

  const form = 'must be 1 to 64 characters without commas, control characters or outer spaces';
  it.each([
    ['x-switchyard-cost-tags', 'a,,b', form],
    ['x-switchyard-tags', 'x'.repeat(65), form],
    ['x-switchyard-cost-tags', Array(33).fill('x').join(','), 'must hold at most 32'],
  ])('are refused by name in %s (%.8s)', async (field, value, problem) => {
    for (const [path, body] of [
      ['/v1/chat/completions', chat],
      ['/api/v1/tasks', task],
    ] as const) {
      const response = await harness.post(path, body, { [field]: value });
      const { error } = await jsonOf(response);
      expect([response.status, error.message]).toEqual([400, `${field}: ${problem}`]);
    }
  });

  it.each([
    [{ costTags: 'project-x' }, 'costTags: must be a list of texts'],
    [{ tags: [7] }, `tags.0: ${form}`],
    [{ costTags: ['a', ' b'] }, `costTags.1: ${form}`],
    [{ costTags: ['a\nb'] }, `costTags.0: ${form}`],
  ])('are refused by name in a body: %j', async (more, message) => {
    const response = await harness.post('/api/v1/tasks', { ...task, ...more });
    expect((await jsonOf(response)).error.message).toBe(message);
  });

  it('belong to what an idempotency key was used for', async () => {
    const post = (costTags: string) =>
      harness.post('/v1/chat/completions', chat, {
        'idempotency-key': 'tagged',
        'x-switchyard-cost-tags': costTags,
      });
    const statuses = [await post('a'), await post('a'), await post('b')].map(
      ({ status }) => status,
    );
    expect(statuses).toEqual([200, 200, 409]);
  });

  it('are in the published description of every door that takes jobs', async () => {
    const { paths } = await jsonOf(await harness.fetch('/api/docs-json'));
    for (const path of ['/v1/chat/completions', '/v1/embeddings', '/api/v1/tasks']) {
      expect(paths[path].post.parameters).toContainEqual(
        expect.objectContaining({ name: 'x-switchyard-cost-tags', in: 'header', required: false }),
      );
    }
    const { schema } = paths['/api/v1/tasks'].post.requestBody.content['application/json'];
    expect(schema.properties.costTags).toMatchObject({ type: 'array', maxItems: 32 });
  });
});
