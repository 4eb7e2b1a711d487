import type { StrategySetting } from '@switchyard/contracts';
import { silentLog } from '@switchyard/domain';
import { keysOfText, PromptKeyer, promptPartsOf } from '@switchyard/routing';
import { LongPrompts } from './long-prompts.js';

const body = { model: 'm', messages: [{ role: 'user', content: 'all aboard '.repeat(1_000) }] };
const job = { kind: 'chat', model: 'm' };

function setUp(
  changes: Partial<ConstructorParameters<typeof LongPrompts>[0]['config']> = {},
  changed?: Partial<StrategySetting> | Error,
) {
  let reads = 0;
  const long = new LongPrompts({
    changed: async () => {
      reads += 1;
      if (changed instanceof Error) throw changed;
      return changed && { pools: {}, changedAtMs: 1, changedBy: 'ops', ...changed };
    },
    config: {
      strategy: 'score',
      poolStrategies: {},
      prefixCache: { mode: 'dynamic', blockTokens: 100, cacheTokens: 500_000 },
      ...changes,
    },
    log: silentLog,
  });
  return { long, reads: () => reads };
}

describe('the keys of a prompt that does not travel', () => {
  it('are those that a router would make of its text', async () => {
    const { long, reads } = setUp();
    const text = await long.keysOf({ ...job, strategy: 'prefix_affinity' }, () => body);
    const made = new PromptKeyer({ blockTokens: 100 }).ofParts('m', promptPartsOf(body));
    expect(keysOfText('m', text ?? '', 100)).toEqual(made);
    expect([made.keys.length, reads()]).toEqual([27, 0]);
  });

  it.each<[string, boolean, Parameters<typeof setUp>, string | undefined]>([
    ['score is configured', false, [{}], undefined],
    ['shortest_ttft is configured', true, [{ strategy: 'shortest_ttft' }], undefined],
    ['the pool has it', true, [{ poolStrategies: { chat: 'prefix_affinity' } }], undefined],
    [
      'another pool has it',
      false,
      [{ poolStrategies: { embedding: 'prefix_affinity' } }],
      undefined,
    ],
    ['it was chosen for all', true, [{}, { strategy: 'prefix_affinity' }], undefined],
    ['it was chosen for the pool', true, [{}, { pools: { chat: 'shortest_ttft' } }], undefined],
    ['the pool goes by the others again', false, [{}, { pools: { chat: '' } }], undefined],
    [
      'what was chosen is no longer served',
      true,
      [{ strategy: 'shortest_ttft' }, { strategy: 'gone', pools: { chat: 'gone' } }],
      undefined,
    ],
    ['the job names it', true, [{}], 'shortest_ttft'],
    ['the job names another', false, [{ strategy: 'prefix_affinity' }], 'random'],
    ['nobody knows its name', false, [{ strategy: 'hasty' }], undefined],
    [
      'what was chosen cannot be read',
      false,
      [{ strategy: 'shortest_ttft' }, new Error('x')],
      undefined,
    ],
  ])('where %s: %s', async (_what, isMade, asked, strategy) => {
    const text = await setUp(...asked).long.keysOf({ ...job, strategy }, () => body);
    expect(text !== undefined).toBe(isMade);
  });

  it('are none where no cache is believed, or the body cannot be read', async () => {
    const asked = { ...job, strategy: 'prefix_affinity' };
    const prefixCache = { mode: 'none', blockTokens: 100, cacheTokens: 500_000 } as const;
    expect(await setUp({ prefixCache }).long.keysOf(asked, () => body)).toBeUndefined();
    const unread = () => {
      throw new SyntaxError('no JSON');
    };
    expect(await setUp().long.keysOf(asked, unread)).toBeUndefined();
    expect(await setUp().long.keysOf(asked, () => ({ messages: [] }))).toBeUndefined();
  });
});
