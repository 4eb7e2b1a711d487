import fc from 'fast-check';
import { Book } from './book.js';
import { type CellFacts, type Receipt, settle } from './settle.js';

const facts = { account: 'a', model: 'm', kind: 'chat' };

/** Every cell that a job leaves behind: one after each attempt that failed, and its outcome. */
function cellsOf(jobId: string, costs: readonly number[], firstSeq: number): CellFacts[] {
  const receipts: Receipt[] = costs.map((costUsdMicros, at) => ({
    attemptNo: at + 1,
    backendId: 'cloud',
    costUsdMicros,
  }));
  return receipts.map(({ attemptNo }, at) => {
    const isLast = attemptNo === costs.length;
    return {
      ...facts,
      jobId,
      cellSeq: firstSeq + at,
      liveAttemptNo: isLast ? Infinity : attemptNo + 1,
      receipts: receipts.slice(0, attemptNo),
      ...(isLast ? { chargedAttemptNo: attemptNo } : {}),
    };
  });
}

const costs = fc.array(fc.nat(20), { minLength: 1, maxLength: 4 });
const deliveries = fc.array(costs, { minLength: 1, maxLength: 4 }).chain((jobs) => {
  const cells = jobs.flatMap((job, no) => cellsOf(`job-${no}`, job, 1 + no * 10));
  const twice = [...cells, ...cells];
  const all = { minLength: twice.length };
  return fc.record({ jobs: fc.constant(jobs), told: fc.shuffledSubarray(twice, all) });
});

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

describe('cells that come twice, and in another order than they were written', () => {
  it('charge each job once and book each wasted attempt once', () => {
    fc.assert(
      fc.property(deliveries, ({ jobs, told }) => {
        const book = new Book();
        for (const cell of told) {
          // Nothing can be said of what was read before: only names tell what is booked.
          for (const booking of settle(book, cell, { nowMs: 1, readSeq: 0 })) book.add(booking);
        }
        const charged = sum(jobs.map((job) => job.at(-1) ?? 0));
        expect(book.balances.of('account:a')).toEqual({
          spentUsdMicros: charged,
          heldUsdMicros: 0,
        });
        expect(book.balances.of('global').spentUsdMicros).toBe(sum(jobs.flat()));
      }),
      { numRuns: 300 },
    );
  });
});
