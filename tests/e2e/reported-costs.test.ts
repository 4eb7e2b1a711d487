import type { Tariff } from '@switchyard/domain';
import { type FakeOptions, startFakeOpenAi } from '@switchyard/testing';
import { startHouse } from './house.js';
import { Started } from './started.js';
import { foldLedger } from './ledger-reading.js';
import { eventually, testBackend } from './yard.js';

const messages = [{ role: 'user', content: 'Which track?' }];
const price: Tariff = {
  perMtokInputUsdMicros: 1_000_000,
  perMtokCachedInputUsdMicros: 100_000,
  perMtokOutputUsdMicros: 2_000_000,
  perMtokReasoningUsdMicros: 3_000_000,
  perSearchUsdMicros: 5_000,
};

describe('what a provider reports', () => {
  const started = new Started();
  afterAll(() => started.stop());

  it('is priced unit by unit; its own figure wins, and ours is kept beside it', async () => {
    const usage = {
      prompt_tokens: 1_000,
      prompt_tokens_details: { cached_tokens: 400 },
      completion_tokens_details: { reasoning_tokens: 5 },
      num_search_queries: 2,
    };
    const fake = (model: string, said: FakeOptions['usage']) =>
      startFakeOpenAi({ models: [model], usage: said }).then((one) => started.keep(one));
    const [priced, reporting] = await Promise.all([
      fake('priced', usage),
      fake('reporting', { ...usage, cost: 0.0125 }),
    ]);
    const backends = [
      testBackend('priced', priced.url, { tariff: price }),
      testBackend('reporting', reporting.url, { tariff: price }),
    ];
    const house = started.keep(await startHouse({ backends }));
    // 600 and 400 tokens in, 15 and 5 out, two searches.
    const oursUsdMicros = 600 + 40 + 30 + 15 + 10_000;
    for (const stream of [false, true]) {
      const ask = {
        messages,
        stream,
        stream_options: stream ? { include_usage: true } : undefined,
      };
      for (const [model, cost] of [
        ['priced', '0.010685'],
        ['reporting', '0.012500'],
      ]) {
        const answer = await house.post('/v1/chat/completions', { model, ...ask });
        const text = await answer.text();
        const told = stream
          ? /^: x-switchyard-cost: (.*)$/m.exec(text)?.[1]
          : answer.headers.get('x-switchyard-cost');
        expect(told).toBe(cost);
      }
    }
    await eventually(async () => {
      const { bookings } = await foldLedger(house.bus);
      const booked = bookings.map(({ model, basis, tariffUsdMicros, entries }) => ({
        model,
        basis,
        tariffUsdMicros,
        usdMicros: entries[0]?.spentUsdMicros,
      }));
      const own = { model: 'priced', basis: 'tokens', usdMicros: oursUsdMicros };
      const theirs = { basis: 'reported', usdMicros: 12_500, tariffUsdMicros: oursUsdMicros };
      expect(booked).toEqual([
        own,
        { model: 'reporting', ...theirs },
        own,
        { model: 'reporting', ...theirs },
      ]);
    });
  }, 60_000);
});
