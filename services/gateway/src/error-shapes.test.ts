import { openAiErrorShape, restErrorShape } from './error-shapes.js';
import { budgetStandView } from './money/budget-stand.js';
import { openAiError, type ShownError } from './openai-errors.js';
import { restError } from './rest-errors.js';
import { Harness, jsonOf } from './testing/harness.js';

const bare: ShownError = {
  status: 500,
  code: 'internal',
  message: 'an internal fault',
  details: [],
  budget: undefined,
  retryAfterMs: undefined,
  jobId: undefined,
  requestId: 'req-1',
};
const full: ShownError = {
  ...bare,
  status: 402,
  code: 'budget_exceeded',
  details: [{ field: 'model', problem: 'costs too much', remedy: 'take another' }],
  budget: budgetStandView({ scope: 'account', id: 'a', window: 'daily', resetAtMs: 0 }),
  retryAfterMs: 1_000,
  jobId: 'j1',
};

describe('the published shape of an error', () => {
  it.each([
    ['with all it may have', full],
    ['with nothing more than it must have', bare],
  ])('is that of an error %s', (_name, shown) => {
    const [openAi, rest] = [openAiError(shown), restError(shown)];
    // A field that the shape does not name is not in what it returns.
    expect(openAiErrorShape.parse(openAi)).toEqual(openAi);
    expect(restErrorShape.parse(rest)).toEqual(rest);
  });

  it('stands with every operation of its door, beside its own statuses', async () => {
    const harness = await Harness.start();
    const { components, paths } = await jsonOf(await harness.fetch('/api/docs-json'));
    await harness.stop();
    const refOf = (response: { content: Record<string, { schema: { $ref: string } }> }) =>
      response.content['application/json']?.schema.$ref.split('/').at(-1);
    const { chat, task, list } = {
      chat: paths['/v1/chat/completions'].post.responses,
      task: paths['/api/v1/tasks'].post.responses,
      list: paths['/api/v1/tasks'].get.responses,
    };
    expect([chat.default, chat['402'], task['402'], list.default].map(refOf)).toEqual([
      'OpenAiError',
      'OpenAiError',
      'RestError',
      'RestError',
    ]);
    expect(list['402']).toBeUndefined();
    expect([chat, task, list].map((responses) => Object.keys(responses))).toEqual([
      ['200', '402', 'default'],
      ['200', '202', '402', 'default'],
      ['200', 'default'],
    ]);
    expect(paths['/health'].get.responses.default).toBeUndefined();
    const { budget } = components.schemas.OpenAiError.properties.error.properties;
    expect(Object.keys(budget.properties)).toContain('needed_usd');
  });
});
