import { usageOf } from './driver-usage.js';

const chat = { dialect: 'openai.chat' } as const;
const counted = { prompt_tokens: 10, completion_tokens: 5 };
const read = (more: object, body: object = {}) =>
  usageOf({ ...body, usage: { ...counted, ...more } }, chat).usage;
const reportedOf = (more: object) => read(more)?.reportedCostUsdMicros;

describe("a provider's own figure", () => {
  it('is read where it is in US dollars', () => {
    expect(reportedOf({ cost: 0.00125 })).toBe(1_250);
    expect(reportedOf({ cost: 0 })).toBe(0);
    expect(reportedOf({ cost: { total_cost: 0.006, currency: 'USD' } })).toBe(6_000);
  });

  it('is none where there is none, or none that can be booked', () => {
    expect(reportedOf({})).toBeUndefined();
    for (const cost of [-1, Number.NaN, '0.1', null, 1e300, {}])
      expect(reportedOf({ cost })).toBeUndefined();
    expect(reportedOf({ cost: 1, currency: 'EUR' })).toBeUndefined();
    expect(reportedOf({ cost: { total_cost: 1, currency: 'EUR' } })).toBeUndefined();
  });

  it("has the model's price added to the fee where the caller's own key paid it", () => {
    const details = { cost: 0.0001, cost_details: { upstream_inference_cost: 0.002 } };
    expect(reportedOf({ ...details, is_byok: true })).toBe(2_100);
    expect(reportedOf({ ...details, is_byok: false })).toBe(100);
    expect(reportedOf({ cost: 0.0001, is_byok: true })).toBeUndefined();
  });

  it('is kept where the counts are missing', () => {
    const { usage, partialUsage } = usageOf({ usage: { prompt_tokens: 10, cost: 0.01 } }, chat);
    expect(usage).toBeUndefined();
    expect(partialUsage).toMatchObject({ inputTokens: 10, reportedCostUsdMicros: 10_000 });
  });
});

describe('the units beside the counts', () => {
  it.each([
    [{ prompt_tokens_details: { cached_tokens: 4 } }, { cachedInputTokens: 4 }],
    [{ prompt_cache_hit_tokens: 4, prompt_cache_miss_tokens: 6 }, { cachedInputTokens: 4 }],
    [{ cached_tokens: 4 }, { cachedInputTokens: 4 }],
    [{ completion_tokens_details: { reasoning_tokens: 3 } }, { reasoningTokens: 3 }],
    [{ reasoning_tokens: 3 }, { reasoningTokens: 3 }],
    [{ num_search_queries: 2 }, { searches: 2 }],
    [{ server_tool_use: { web_search_requests: 2 } }, { searches: 2 }],
    [{ num_sources_used: 2 }, { searches: 2 }],
  ])('%j', (said, unit) => {
    expect(read(said)).toMatchObject({ inputTokens: 10, outputTokens: 5, ...unit });
  });

  it('count images of an answer', () => {
    const image = { type: 'image_url', image_url: { url: 'data:,' } };
    const choices = [{ message: { images: [image, image] } }, { message: { images: [image] } }];
    expect(read({}, { choices })?.images).toBe(3);
    expect(read({}, { choices: [{ message: {} }] })).not.toHaveProperty('images');
  });

  it('count reasoning into the output where the total says that it stands beside', () => {
    const details = { completion_tokens_details: { reasoning_tokens: 3 } };
    expect(read({ ...details, total_tokens: 15 })?.outputTokens).toBe(5);
    expect(read({ ...details, total_tokens: 18 })?.outputTokens).toBe(8);
    expect(read(details)?.outputTokens).toBe(5);
  });

  it('are none where nothing is said', () => {
    expect(usageOf({}, chat)).toEqual({ usage: undefined });
    expect(usageOf({ usage: {} }, chat)).toEqual({ usage: undefined });
    expect(read({ num_search_queries: -1, cached_tokens: 'four' })).toEqual({
      inputTokens: 10,
      outputTokens: 5,
      basis: 'reported',
    });
  });
});
