import { silentLog } from '@switchyard/domain';
import { Learning } from './learning.js';

const make = () => new Learning({ bus: {} as never, log: silentLog, now: () => 0 });
const qualityOf = ({ learner }: Learning) => learner.statsOf('gpu', 0).historicalQuality;

describe('ratings that routers are told', () => {
  it('count once each, however often they are told', () => {
    const learning = make();
    expect(learning.rate('gpu', { ratingId: 'a', relevance: 1 })).toBe(true);
    expect(learning.rate('gpu', { ratingId: 'a', relevance: 1 })).toBe(false);
    expect(learning.rate('gpu', { ratingId: 'b', relevance: 0 })).toBe(true);
    expect(qualityOf(learning)).toBe(0.5);
  });

  it('without an id count each time, and those of nothing never', () => {
    const learning = make();
    for (const relevance of [1, 1, 0.25]) expect(learning.rate('gpu', { relevance })).toBe(true);
    expect(qualityOf(learning)).toBe(0.75);
    expect(learning.rate('gpu', {})).toBe(false);
  });
});
