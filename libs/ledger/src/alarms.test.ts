import { makeBudget } from '@switchyard/testing/builders';
import { alarmOfRefusal, alarmsOf } from './alarms.js';
import { Book } from './book.js';
import { type Budget, BudgetBook } from './budgets.js';
import { chargeEntries } from './entries.js';
import type { Verdict } from './holds.js';

const usd = (dollars: number) => Math.round(dollars * 1e6);
const noon = Date.parse('2026-11-21T12:00:00Z');
const midnight = Date.parse('2026-11-21T00:00:00Z');
const dayMs = 86_400_000;

const budget = (changes: Partial<Budget> = {}) => makeBudget({ alertAt: [0.7, 0.9], ...changes });

function bookWith(budgets: Budget[], ...spent: (readonly [dollars: number, atMs: number])[]) {
  const book = new Book();
  book.budgets = new BudgetBook(budgets);
  const add = (dollars: number, atMs: number, at = 0) =>
    book.add({
      ...{ jobId: `${atMs}-${at}`, attemptNo: 1, account: 'a', backendId: 'cloud' },
      ...{ model: 'm', kind: 'chat', atMs, entries: chargeEntries(usd(dollars), undefined) },
    });
  for (const [at, [dollars, atMs]] of spent.entries()) add(dollars, atMs, at);
  return { book, add };
}

const shares = (book: Book, nowMs = noon) => alarmsOf(book, nowMs).map(({ share }) => share);

describe('the alarms of a budget of $50 a day (vector V15)', () => {
  it('are due at 35.00, at 45.00 and when all is spent, not a micro-dollar before', () => {
    const { book, add } = bookWith([budget()], [34.999999, noon]);
    expect(shares(book)).toEqual([]);
    add(0.000001, noon, 1);
    expect(shares(book)).toEqual([0.7]);
    add(10, noon, 2);
    expect(shares(book)).toEqual([0.7, 0.9]);
    add(5, noon, 3);
    expect(shares(book)).toEqual([0.7, 0.9, 1]);
  });

  it('belong to their period, and begin anew with the next', () => {
    const { book, add } = bookWith([budget()], [40, noon]);
    expect(alarmsOf(book, noon)).toMatchObject([{ share: 0.7, periodStartMs: midnight }]);
    expect(shares(book, noon + dayMs)).toEqual([]);
    add(50, noon + dayMs);
    const next = { periodStartMs: midnight + dayMs };
    expect(alarmsOf(book, noon + dayMs)).toMatchObject([next, next, next]);
  });

  it('count against the limit in force: lowered below what is spent, all of them are due', () => {
    const { book } = bookWith([budget()], [40, noon]);
    book.budgets = new BudgetBook([budget({ limitUsdMicros: usd(30) })]);
    expect(shares(book)).toEqual([0.7, 0.9, 1]);
    const raise = { limitUsdMicros: usd(100), untilMs: noon + 1 };
    book.budgets = new BudgetBook([budget({ limitUsdMicros: usd(30), raise })]);
    expect(shares(book)).toEqual([]);
  });
});

describe('a refusal', () => {
  const over = (dollars: number, changes: Partial<Budget> = {}, spent = 49): Verdict => ({
    kind: 'over',
    usdMicros: usd(dollars),
    stand: {
      budget: budget(changes),
      limitUsdMicros: usd(50),
      spentUsdMicros: usd(spent),
      heldUsdMicros: 0,
    },
  });
  const { book } = bookWith([budget()], [49, noon]);
  const alarm = (...verdicts: Verdict[]) => alarmOfRefusal(book, verdicts, noon);
  const fits: Verdict = { kind: 'fits', usdMicros: 1 };

  it('for want of money exhausts its budget, though a dollar of it is left', () => {
    expect(alarm(over(1.5))).toMatchObject({
      share: 1,
      periodStartMs: midnight,
      refusedUsdMicros: usd(1.5),
    });
  });

  it('says nothing of a job that the whole limit could not pay for, nor of an unspent one', () => {
    expect(alarm(over(51))).toBeUndefined();
    expect(alarm(over(1.5, {}, 0))).toBeUndefined();
  });

  it('says nothing while only held money is in the way', () => {
    expect(alarm({ ...over(1.5), kind: 'held' } as Verdict)).toBeUndefined();
    expect(alarm({ kind: 'unbounded' })).toBeUndefined();
  });

  it('says nothing where another backend can be paid for, but of the budget of a backend', () => {
    expect(alarm(over(1.5), fits)).toBeUndefined();
    const ofBackend = { scope: { kind: 'backend', id: 'cloud' } } as const;
    expect(alarm(over(1.5, ofBackend), fits)).toMatchObject({ share: 1 });
  });
});
