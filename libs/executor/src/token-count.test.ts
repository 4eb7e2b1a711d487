import { estimateUsage } from './token-count.js';

const answered = (content: string) => ({ choices: [{ message: { content } }] });
const countOf = async (content: string) =>
  (await estimateUsage({}, answered(content))).outputTokens ?? 0;

describe('tokens counted by us', () => {
  it('are those of a text in one piece, and of a long one about as many', async () => {
    const sentence = 'The yard sorts every wagon onto its own track. ';
    const each = await countOf(sentence);
    const many = await countOf(sentence.repeat(1_000));
    expect(each).toBeGreaterThan(8);
    expect(Math.abs(many / (1_000 * each) - 1)).toBeLessThan(0.15);
  });

  it('of one word without end are counted before everything else stands still', async () => {
    expect(await countOf('a'.repeat(400_000))).toBeGreaterThan(1_000);
  });
});
