import { admission, type RoomCounts, type RoomLimits } from './admission.js';

const admitted = (isNearlyFull: boolean) => ({ kind: 'admitted', isNearlyFull });
const refused = (reason: string, retryAfterMs: number) => ({
  kind: 'refused',
  reason,
  retryAfterMs,
});

describe('admission to the waiting room', () => {
  it.each<[Partial<RoomCounts>, Partial<RoomLimits>, number, object]>([
    // counts                       limits                         turn ms   answer
    [{}, {}, 100, admitted(false)],
    [{ all: 78 }, {}, 100, admitted(false)],
    [{ all: 79 }, {}, 100, admitted(true)],
    [{ all: 99 }, {}, 100, admitted(true)],
    [{ all: 100 }, {}, 100, refused('queue_full', 1000)],
    [{ all: 149 }, {}, 100, refused('queue_full', 5000)],
    [{ all: 100_000 }, {}, 100, refused('queue_full', 60_000)],
    [{ all: 100 }, {}, NaN, refused('queue_full', 1000)],
    [{ ofAccount: 5 }, { perAccount: 5 }, 3000, refused('account_queue_full', 3000)],
    [{ ofAccount: 3 }, { perAccount: 5 }, 3000, admitted(true)],
    [{ ofAccount: 5 }, {}, 3000, admitted(false)],
    [{ ofPool: 8 }, { perPool: 8 }, 2500.5, refused('pool_queue_full', 2501)],
    [{ all: 100, ofAccount: 5 }, { perAccount: 5 }, 3000, refused('account_queue_full', 3000)],
    [{}, { capacity: 0 }, 100, refused('queue_full', 1000)],
    [{}, { capacity: NaN }, 100, refused('queue_full', 1000)],
  ])('with %j waiting and limits %j, a turn in %d ms', (counts, limits, turnMs, answer) => {
    const all = { all: 0, ofAccount: 0, ofPool: 0, ...counts };
    expect(admission(all, { capacity: 100, ...limits }, turnMs)).toEqual(answer);
  });
});
