import { makeBudget } from '@switchyard/testing/builders';
import fc from 'fast-check';
import { answerHold } from './answer-hold.js';
import { Book } from './book.js';
import { type Budget, BudgetBook } from './budgets.js';
import type { Booking } from './entries.js';
import type { HoldAsk, HoldMode } from './holds.js';
import { isSpentIn, scopeKeysOf } from './scopes.js';
import { type CellFacts, type Receipt, settle } from './settle.js';

const usd = (dollars: number) => Math.round(dollars * 1e6);
const noon = Date.parse('2026-11-21T12:00:00Z');

const budget = (changes: Partial<Budget> = {}) => makeBudget({ alertAt: [0.7, 0.9], ...changes });

const facts = { account: 'a', model: 'm', kind: 'chat' };
/** An ask of which every amount is the job's own price. */
const ask = (jobId: string, dollars: number, changes: Partial<HoldAsk> = {}): HoldAsk => ({
  ...facts,
  jobId,
  attemptNo: 1,
  quotes: [{ backendId: 'cloud', fixedUsdMicros: usd(dollars), perMtokOutputUsdMicros: 0 }],
  ...changes,
});

class Ledger {
  readonly book = new Book();
  readonly booked: Booking[] = [];
  #cells = 0;

  constructor(
    readonly mode: HoldMode,
    budgets: Budget[],
  ) {
    this.book.budgets = new BudgetBook(budgets);
  }

  add(bookings: readonly Booking[]): void {
    for (const booking of bookings) {
      this.book.add(booking);
      this.booked.push(booking);
    }
  }

  ask(asked: HoldAsk, nowMs = noon) {
    const { answer, bookings } = answerHold(this.book, asked, { mode: this.mode, nowMs });
    this.add(bookings);
    return answer;
  }

  read(cell: Omit<CellFacts, 'cellSeq'> & { readonly cellSeq?: number }, nowMs = noon): number {
    this.#cells += 1;
    const read = { cellSeq: this.#cells, ...cell };
    const bookings = settle(this.book, read, { nowMs, readSeq: read.cellSeq - 1 });
    this.add(bookings);
    return bookings.length;
  }

  get global() {
    return this.book.balances.of('global');
  }
}

const receipt = (attemptNo: number, dollars: number, backendId = 'cloud'): Receipt => ({
  attemptNo,
  backendId,
  costUsdMicros: usd(dollars),
});
const ended = (jobId: string, ...receipts: Receipt[]) => ({
  ...facts,
  jobId,
  liveAttemptNo: Infinity,
  receipts,
  chargedAttemptNo: receipts.at(-1)?.attemptNo,
});

describe('a budget of $50 a day (vector V15)', () => {
  it('pays what fits, lets wait what only holds are in the way of, refuses the rest', () => {
    const ledger = new Ledger('strict', [budget()]);
    ledger.read(ended('before', receipt(1, 45)));
    expect(ledger.ask(ask('one', 3))).toEqual({ kind: 'held', usdMicros: usd(3) });
    const [held] = verdictsOf(ledger.ask(ask('two', 3)));
    expect(held).toMatchObject({
      kind: 'held',
      stand: { limitUsdMicros: usd(50), spentUsdMicros: usd(45), heldUsdMicros: usd(3) },
    });
    const [over] = verdictsOf(ledger.ask(ask('three', 5.000001)));
    const midnight = Date.parse('2026-11-22T00:00:00Z');
    expect(over).toMatchObject({ kind: 'over', stand: { resetAtMs: midnight } });
    expect(ledger.ask(ask('two', 2)).kind).toBe('held');
  });

  it('judges every backend asked about', () => {
    const ledger = new Ledger('strict', [
      budget({ scope: { kind: 'backend', id: 'cloud' }, limitUsdMicros: 1 }),
    ]);
    const cheap = { backendId: 'cheap', fixedUsdMicros: 5, perMtokOutputUsdMicros: 0 };
    const answer = ledger.ask(ask('one', 1, { quotes: [...ask('one', 1).quotes, cheap] }));
    expect(verdictsOf(answer).map(({ kind }) => kind)).toEqual(['over', 'fits']);
  });

  it('begins anew with the next day; what is held goes on into it', () => {
    const ledger = new Ledger('strict', [budget({ limitUsdMicros: usd(5) })]);
    ledger.ask(ask('long', 4));
    ledger.read(ended('other', receipt(1, 1)));
    const tomorrow = noon + 86_400_000;
    expect(verdictsOf(ledger.ask(ask('late', 2), tomorrow))[0]?.kind).toBe('held');
    expect(ledger.ask(ask('late', 1), tomorrow).kind).toBe('held');
    ledger.read(ended('long', receipt(1, 4)), tomorrow);
    expect(ledger.global).toEqual({ spentUsdMicros: usd(5), heldUsdMicros: usd(1) });
    const [over] = verdictsOf(ledger.ask(ask('later', 1.1), tomorrow));
    expect(over).toMatchObject({ kind: 'over', stand: { spentUsdMicros: usd(4) } });
  });

  it('lowered below what is spent, refuses until the period ends; raised, pays again', () => {
    const ledger = new Ledger('strict', [budget()]);
    ledger.read(ended('before', receipt(1, 45)));
    ledger.book.budgets = new BudgetBook([budget({ limitUsdMicros: usd(10) })]);
    expect(verdictsOf(ledger.ask(ask('one', 0.01)))[0]?.kind).toBe('over');
    const raise = { limitUsdMicros: usd(60), untilMs: noon + 1 };
    ledger.book.budgets = new BudgetBook([budget({ limitUsdMicros: usd(10), raise })]);
    expect(ledger.ask(ask('one', 0.01)).kind).toBe('held');
    expect(verdictsOf(ledger.ask(ask('two', 0.01), noon + 1))[0]?.kind).toBe('over');
  });

  it('that only alerts refuses nothing', () => {
    const ledger = new Ledger('strict', [budget({ limitUsdMicros: 0, isCap: false })]);
    expect(ledger.ask(ask('one', 5)).kind).toBe('held');
  });
});

describe('a hold', () => {
  it('is the same for the same attempt, and ends with it', () => {
    const ledger = new Ledger('strict', [budget()]);
    ledger.ask(ask('one', 3));
    ledger.ask(ask('one', 3));
    expect(ledger.booked).toHaveLength(1);
    ledger.read({ ...facts, jobId: 'one', liveAttemptNo: 1, receipts: [] });
    expect(ledger.global.heldUsdMicros).toBe(usd(3));
    ledger.read({ ...facts, jobId: 'one', liveAttemptNo: 2, receipts: [receipt(1, 0)] });
    expect(ledger.global).toEqual({ spentUsdMicros: 0, heldUsdMicros: 0 });
  });

  it('stands for whoever takes its attempt over, and ends once the job runs elsewhere', () => {
    const ledger = new Ledger('strict', [budget({ limitUsdMicros: usd(5) })]);
    const running = { ...facts, receipts: [{ ...receipt(1, 0), basis: 'unknown' }] };
    for (const jobId of ['one', 'two']) {
      ledger.ask(ask(jobId, 2));
      ledger.read({ ...running, jobId, liveAttemptNo: 2, runsAt: 'cloud' });
    }
    expect(verdictsOf(ledger.ask(ask('three', 2)))[0]?.kind).toBe('held');
    ledger.read(ended('one', receipt(1, 0), receipt(2, 2)));
    expect(ledger.global).toEqual({ spentUsdMicros: usd(2), heldUsdMicros: usd(2) });
    ledger.read({ ...running, jobId: 'two', liveAttemptNo: 3, runsAt: 'second' });
    expect(ledger.global).toEqual({ spentUsdMicros: usd(2), heldUsdMicros: 0 });
  });

  it('stands at both backends that an attempt may have gone to, unless it surely did not', () => {
    const ledger = new Ledger('strict', [budget({ limitUsdMicros: usd(10) })]);
    const other = ask('one', 4).quotes.map((quote) => ({ ...quote, backendId: 'second' }));
    ledger.ask(ask('one', 4));
    ledger.ask(ask('one', 4, { quotes: other }));
    expect(ledger.global.heldUsdMicros).toBe(usd(8));
    const third = other.map((quote) => ({ ...quote, backendId: 'third' }));
    ledger.ask(ask('one', 4, { quotes: third, unsentBackendId: 'second' }));
    expect(ledger.global.heldUsdMicros).toBe(usd(8));
    ledger.read(ended('one', receipt(1, 3, 'third')));
    expect(ledger.global).toEqual({ spentUsdMicros: usd(3), heldUsdMicros: 0 });
  });

  it('asked for too late ends when the outcome is read again, which charges nothing', () => {
    const ledger = new Ledger('strict', [budget()]);
    const outcome = { ...ended('one', receipt(1, 3)), cellSeq: 7 };
    ledger.read(outcome);
    ledger.ask(ask('one', 3));
    expect(ledger.read(outcome)).toBe(1);
    expect(ledger.global).toEqual({ spentUsdMicros: usd(3), heldUsdMicros: 0 });
  });

  it('of 95 of 100 answers in learned mode; what goes beyond is an overrun', () => {
    const ledger = new Ledger('learned', [budget()]);
    const quotes = [
      {
        backendId: 'cloud',
        fixedUsdMicros: 10,
        perMtokOutputUsdMicros: usd(1),
        maxOutputTokens: 800,
      },
    ];
    expect(ledger.ask(ask('one', 0, { quotes }))).toMatchObject({ usdMicros: 810 });
    for (let at = 0; at < 100; at += 1) {
      const usage = { inputTokens: 1, outputTokens: at < 2 ? 400 : 100 };
      ledger.read(ended(`past-${at}`, { ...receipt(1, 0.0001), usage }));
    }
    expect(ledger.ask(ask('room', 0, { quotes }))).toMatchObject({ usdMicros: 810 });
    // Where the most does not fit, what is learned may.
    const { spentUsdMicros, heldUsdMicros } = ledger.global;
    const limitUsdMicros = spentUsdMicros + heldUsdMicros + 500;
    ledger.book.budgets = new BudgetBook([budget({ limitUsdMicros })]);
    expect(ledger.ask(ask('two', 0, { quotes }))).toMatchObject({ usdMicros: 410 });
    ledger.read(ended('two', { ...receipt(1, 0), costUsdMicros: 500 }));
    expect(ledger.booked.at(-1)?.entries).toEqual([
      { type: 'post', spentUsdMicros: 410, heldUsdMicros: -410 },
      { type: 'overrun', spentUsdMicros: 90, heldUsdMicros: 0 },
    ]);
  });

  it('in strict mode needs a limit of output tokens', () => {
    const quote = { backendId: 'cloud', fixedUsdMicros: 1, perMtokOutputUsdMicros: 5 };
    const answer = new Ledger('strict', [budget()]).ask(ask('one', 0, { quotes: [quote] }));
    expect(verdictsOf(answer)[0]?.kind).toBe('unbounded');
  });

  it('refuses amounts that are none', () => {
    const ledger = new Ledger('strict', [budget()]);
    for (const fixedUsdMicros of [-1, 0.5, Number.NaN, 2 ** 53]) {
      const quotes = [{ backendId: 'cloud', fixedUsdMicros, perMtokOutputUsdMicros: 0 }];
      expect(() => ledger.ask(ask('one', 0, { quotes }))).toThrow(RangeError);
    }
    expect(() => new BudgetBook([budget({ limitUsdMicros: -1 })])).toThrow(RangeError);
  });
});

describe('waste', () => {
  it('counts in all money and at its backend, and for nobody who is served', () => {
    const ledger = new Ledger('strict', [budget()]);
    ledger.ask(ask('one', 3));
    ledger.read({ ...facts, jobId: 'one', liveAttemptNo: 2, receipts: [receipt(1, 1)] });
    ledger.read(ended('one', receipt(1, 1), receipt(2, 2, 'second')));
    const { balances } = ledger.book;
    expect(balances.of('account:a').spentUsdMicros).toBe(usd(2));
    expect(balances.of('backend:cloud').spentUsdMicros).toBe(usd(1));
    expect(ledger.global).toEqual({ spentUsdMicros: usd(3), heldUsdMicros: 0 });
  });

  it('is remembered until the outcome, also of a job that is charged nothing', () => {
    const ledger = new Ledger('strict', []);
    const wasted = { ...facts, jobId: 'one', liveAttemptNo: 2, receipts: [receipt(1, 1)] };
    ledger.read(wasted);
    expect(ledger.read(wasted)).toBe(0);
    ledger.read({ ...wasted, liveAttemptNo: Infinity });
    expect(ledger.book.settled.wastedUpTo('one')).toBe(0);
    expect(ledger.global.spentUsdMicros).toBe(usd(1));
  });
});

const verdictsOf = (answer: ReturnType<Ledger['ask']>) =>
  answer.kind === 'refused' ? answer.verdicts : [];

/** What happens to a few jobs, in any order and any number of times. */
const step = fc.oneof(
  fc.record({
    what: fc.constant('ask' as const),
    job: fc.nat(7),
    cost: fc.integer({ min: 1, max: 60 }),
  }),
  fc.record({ what: fc.constant('fail' as const), job: fc.nat(7), cost: fc.nat(20) }),
  fc.record({ what: fc.constant('end' as const), job: fc.nat(7), cost: fc.nat(60) }),
  fc.record({ what: fc.constant('again' as const), job: fc.nat(30), cost: fc.nat(5) }),
);

describe('whatever happens', () => {
  it('sums are balances at every prefix, nothing counts twice, a strict cap holds', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), fc.constantFrom(...modes), (steps, mode) => {
        const cap = 100;
        const ledger = new Ledger(mode, [budget({ limitUsdMicros: cap })]);
        const world = play(ledger, steps);
        expectSums(ledger);
        expect(ledger.book.balances.of('account:a').spentUsdMicros).toBe(world.charged);
        expect(ledger.global.spentUsdMicros).toBe(world.charged + world.wasted);
        const spendMax = mode === 'strict' ? cap : Infinity;
        expect(world.charged + world.wasted).toBeLessThanOrEqual(spendMax);
        const replayed = new Book();
        for (const booking of JSON.parse(JSON.stringify(ledger.booked))) replayed.add(booking);
        expect(replayed.balances.of('global')).toEqual(ledger.global);
        expect(replayed.holds.count).toBe(ledger.book.holds.count);
      }),
      { numRuns: 300 },
    );
  });
});

const modes: readonly HoldMode[] = ['strict', 'learned'];

type World = { charged: number; wasted: number };
type Job = { attemptNo: number; heldUsdMicros: number; receipts: Receipt[]; isOver: boolean };

/**
 * Jobs as the router and the executors would run them: an attempt starts only with a hold, and in
 * strict mode costs no more.
 */
function play(
  ledger: Ledger,
  steps: readonly (typeof step extends fc.Arbitrary<infer S> ? S : never)[],
) {
  const world: World = { charged: 0, wasted: 0 };
  const jobs = new Map<number, Job>();
  const cells: CellFacts[] = [];
  for (const { what, job: number, cost } of steps) {
    const job = jobs.get(number) ?? { attemptNo: 1, heldUsdMicros: 0, receipts: [], isOver: false };
    jobs.set(number, job);
    const jobId = `job-${number}`;
    const spend = ledger.mode === 'strict' ? Math.min(cost, job.heldUsdMicros) : cost;
    if (what === 'again') {
      const cell = cells[number % Math.max(1, cells.length)];
      if (cell) ledger.read(cell);
    } else if (what === 'ask' && !job.isOver) {
      const { attemptNo } = job;
      const quotes = [{ backendId: 'cloud', fixedUsdMicros: cost, perMtokOutputUsdMicros: 0 }];
      const answer = ledger.ask({ ...facts, jobId, attemptNo, quotes });
      if (answer.kind === 'held') job.heldUsdMicros = answer.usdMicros;
    } else if (what !== 'ask' && job.heldUsdMicros > 0) {
      job.receipts.push({ attemptNo: job.attemptNo, backendId: 'cloud', costUsdMicros: spend });
      job.isOver = what === 'end';
      world[job.isOver ? 'charged' : 'wasted'] += spend;
      const liveAttemptNo = job.isOver ? Infinity : job.attemptNo + 1;
      const chargedAttemptNo = job.isOver ? job.attemptNo : undefined;
      const receipts = [...job.receipts];
      const cellSeq = cells.length + 1;
      const cell = { ...facts, jobId, cellSeq, liveAttemptNo, receipts, chargedAttemptNo };
      cells.push(cell);
      ledger.read(cell);
      job.attemptNo += 1;
      job.heldUsdMicros = 0;
    }
  }
  return world;
}

function expectSums({ booked, mode, book }: Ledger): void {
  const sums = new Map<string, { spent: number; held: number }>();
  const prefix = new Book();
  for (const booking of booked) {
    prefix.add(booking);
    for (const key of scopeKeysOf(booking)) {
      const sum = sums.get(key) ?? { spent: 0, held: 0 };
      for (const { type, spentUsdMicros, heldUsdMicros } of booking.entries) {
        if (isSpentIn(type, key)) sum.spent += spentUsdMicros;
        sum.held += heldUsdMicros;
      }
      sums.set(key, sum);
      expect(prefix.balances.of(key)).toEqual({
        spentUsdMicros: sum.spent,
        heldUsdMicros: sum.held,
      });
      expect(sum.held).toBeGreaterThanOrEqual(0);
    }
    const isHold = booking.entries.some(({ type }) => type === 'hold');
    const { spent = 0, held = 0 } = sums.get('global') ?? {};
    expect(spent + held).toBeLessThanOrEqual(isHold || mode === 'strict' ? 100 : Infinity);
  }
  expect([...book.balances.scopes()].sort()).toEqual([...sums.keys()].sort());
}
