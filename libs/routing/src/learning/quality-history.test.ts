import * as fc from 'fast-check';
import { type AnswerRating, QualityHistory, qualityOf } from './quality-history.js';

describe('the quality of an answer', () => {
  it.each<[AnswerRating, number | undefined]>([
    [{ relevance: 1, accuracy: 1, completeness: 1, citations: 1 }, 1],
    [{ relevance: 1, accuracy: 0, completeness: 0, citations: 0 }, 0.4],
    [{ relevance: 0, accuracy: 1, completeness: 0, citations: 0 }, 0.3],
    [{ relevance: 0, accuracy: 0, completeness: 1, citations: 0 }, 0.2],
    [{ relevance: 0, accuracy: 0, completeness: 0, citations: 1 }, 0.1],
    [{ relevance: 0.5, accuracy: 1 }, 0.5 / 0.7],
    [{ completeness: 0.3 }, 0.3],
    [{ relevance: Number.NaN, accuracy: 0.6 }, 0.6],
    [{ relevance: 2, accuracy: -1 }, undefined],
    [{}, undefined],
  ])('%j: %p', (rating, expected) => {
    const got = qualityOf(rating);
    expect(got === undefined ? got : Number(got.toFixed(12))).toBe(
      expected === undefined ? expected : Number(expected.toFixed(12)),
    );
  });

  it('stays between the worst and the best side', () => {
    const side = fc.option(fc.double({ min: 0, max: 1, noNaN: true }), { nil: undefined });
    const ratings = fc.record({
      relevance: side,
      accuracy: side,
      completeness: side,
      citations: side,
    });
    fc.assert(
      fc.property(ratings, (rating) => {
        const given = Object.values(rating).filter((each) => each !== undefined);
        const quality = qualityOf(rating) ?? 0.5;
        expect(quality).toBeGreaterThanOrEqual(Math.min(...given, 0.5) - 1e-12);
        expect(quality).toBeLessThanOrEqual(Math.max(...given, 0.5) + 1e-12);
      }),
    );
  });
});

describe('the quality history of a backend', () => {
  it('knows nothing at first', () => {
    expect(new QualityHistory().mean()).toBeNull();
  });

  it('is the mean of the last hundred', () => {
    const history = new QualityHistory();
    for (let count = 0; count < 50; count += 1) history.add(0);
    for (let count = 0; count < 100; count += 1) history.add(count % 2 === 0 ? 0.4 : 0.6);
    expect(history.mean()).toBeCloseTo(0.5, 12);
    expect(history.state().length).toBe(100);
  });

  it.each([[undefined], [Number.NaN], [-0.1], [1.1]])('does not take %p in', (quality) => {
    const history = new QualityHistory();
    expect(history.add(quality)).toBe(false);
    expect(history.mean()).toBeNull();
  });
});
