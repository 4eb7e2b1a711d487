import {
  decode,
  isTerminal,
  lastToken,
  type WireCell,
  type WireDispatch,
  type WireJob,
} from '@switchyard/contracts';
import type { Booking } from '@switchyard/ledger';
import { type JobState, transitions } from '@switchyard/jobs';
import type { Kept } from './kept.js';
import { MoneyLaws } from './money.js';
import type { Watch } from './store.js';

/** What the laws remember of a job. */
type Known = {
  readonly id: string;
  isAccepted: boolean;
  state: JobState;
  seq: number;
  cell: WireCell | undefined;
  /** Messages of work queues that hold it. */
  held: number;
  /** Attempts that a backend was called for, in the order of the calls. */
  readonly calls: number[];
};

/** What others may know of a job. */
export type JobFacts = Pick<Known, 'id' | 'isAccepted' | 'state' | 'cell' | 'calls'>;

const workQueues: ReadonlySet<string> = new Set(['JOBS', 'RETRIES', 'DISPATCH']);

/**
 * What must hold at every step, whatever the lines and the processes do:
 *
 * - `lost`: an accepted job has ended, or a work queue holds it.
 * - `outcome`: a job has one outcome, and its cell never changes after it.
 * - `steps`: a cell goes only where the table of transitions leads.
 * - `attempts`: the numbers of a job's attempts only grow, in its cell and in the list it keeps.
 * - `calls`: no attempt calls a backend twice, and no job is called more often than it tells.
 * - `bytes`: what the client of a stream has read is the beginning of one attempt's answer; where
 *   the stream ended well, it is the whole answer of the outcome.
 * - `cancel`: a running attempt that was told to stop neither succeeds nor is tried again.
 * - `held`: the attempt that counts calls a backend that costs something only with money held.
 * - Those of `MoneyLaws`.
 */
export class Laws implements Watch {
  readonly #known = new Map<string, Known>();
  readonly #jobOf = new WeakMap<Kept, Known>();
  readonly #attemptsMax: number;
  readonly #tell: (line: string) => void;
  readonly money: MoneyLaws;
  #calls = 0;
  /** The first law that was broken. */
  broken: Error | undefined;
  /** Accepted jobs that have not ended. */
  openCount = 0;

  constructor(attemptsMax: number, limitUsdMicros: number, tell: (line: string) => void) {
    this.#attemptsMax = attemptsMax;
    this.#tell = tell;
    this.money = new MoneyLaws(limitUsdMicros, (law, id, how) => this.#break(law, { id }, how));
  }

  /** A door has promised to bring the job to its end. */
  accept(jobId: string): void {
    const known = this.#of(jobId);
    if (known.isAccepted) return;
    known.isAccepted = true;
    if (!isTerminal(known.state)) this.openCount += 1;
    this.#checkHeld(known);
  }

  get open(): readonly string[] {
    const isOpen = ({ isAccepted, state }: Known) => isAccepted && !isTerminal(state);
    return [...this.#known.values()].filter(isOpen).map(({ id }) => id);
  }

  /** Where each open job stands, for people. */
  told(): string {
    const tell = (id: string) => {
      const { state, held } = this.#of(id);
      return `${id} (${state}, in ${held} queues)`;
    };
    return this.open.map(tell).join(', ');
  }

  /** Every job that was ever heard of. */
  jobs(): Iterable<JobFacts> {
    return this.#known.values();
  }

  /** Counts a call of a backend; returns its number in the world. */
  called(jobId: string, attemptNo: number, isPaid: boolean): number {
    this.#calls += 1;
    const known = this.#of(jobId);
    this.#tell(`call ${this.#calls} of ${jobId} attempt ${attemptNo}`);
    if (known.calls.includes(attemptNo)) this.#break('calls', known, `attempt ${attemptNo} twice`);
    known.calls.push(attemptNo);
    this.#checkCalls(known);
    if (isPaid) this.#checkHeldFor(known, attemptNo);
    return this.#calls;
  }

  readonly stored = (stream: string, message: Kept): void => {
    if (stream === 'STATE') this.#cell(message);
    else if (stream === 'LEDGER') this.#booking(message);
    else if (workQueues.has(stream)) this.#jobIn(stream, message).held += 1;
  };

  readonly removed = (stream: string, message: Kept): void => {
    if (!workQueues.has(stream)) return;
    const known = this.#jobIn(stream, message);
    known.held -= 1;
    this.#checkHeld(known);
  };

  /** The client of a stream has read so much. */
  read(jobId: string, text: string, isWhole: boolean): void {
    const known = this.#of(jobId);
    const pieces = text.split(' ').filter((piece) => piece !== '');
    const [call] = pieces[0]?.split('/') ?? [];
    const isOneAnswer = pieces.every((piece, at) => piece === `${call}/${at + 1}`);
    if (!isOneAnswer) this.#break('bytes', known, `read "${text}"`);
    const { body } = known.cell?.outcome?.result ?? {};
    const [choice] = (body?.choices ?? []) as {
      readonly message?: { readonly content?: string };
    }[];
    const answer = choice?.message?.content;
    if (isWhole && answer !== text) this.#break('bytes', known, `read "${text}" of "${answer}"`);
  }

  /** Breaks a law that is looked at elsewhere. */
  break(law: string, jobId: string, how: string): void {
    this.#break(law, this.#of(jobId), how);
  }

  #jobIn(stream: string, message: Kept): Known {
    const before = this.#jobOf.get(message);
    if (before) return before;
    const body = decode<WireJob & WireDispatch>(message.data);
    const known = this.#of((stream === 'DISPATCH' ? body.job?.id : body.id) ?? '');
    this.#jobOf.set(message, known);
    return known;
  }

  #checkHeld(known: Known): void {
    if (known.held > 0 || !known.isAccepted || isTerminal(known.state)) return;
    this.#break('lost', known, `${known.state}, in no queue`);
  }

  #cell({ subject, data, seq }: Kept): void {
    const known = this.#of(lastToken(subject));
    const cell = decode<WireCell>(data);
    const to = (cell.status ?? 'none') as JobState;
    const before = known.state;
    this.#tell(
      `cell ${known.id} ${before} -> ${to} ${numbersOf(cell)} by ${cell.executorId ?? '-'}`,
    );
    if (isTerminal(before)) this.#break('outcome', known, `${before} became ${to}`);
    if (!mayFollow(before, to)) this.#break('steps', known, `${before} became ${to}`);
    this.#checkCancel(known, cell);
    this.#checkAttempts(known, cell);
    Object.assign(known, { state: to, seq, cell });
    if (isTerminal(to) && known.isAccepted) this.openCount -= 1;
    this.#checkCalls(known);
  }

  #checkCancel(known: Known, { status, attemptNo }: WireCell): void {
    if (known.cell?.cancelRequested !== true || known.state !== 'running') return;
    const isSame = status === 'running' && attemptNo === known.cell.attemptNo;
    if (status !== 'canceled' && !isSame)
      this.#break('cancel', known, `told to stop, and then ${status}`);
  }

  #checkAttempts(known: Known, cell: WireCell): void {
    const { attemptNo = 0, attempts = [], parked = 0 } = cell;
    const numbers = attempts.map((attempt) => attempt.attemptNo ?? 0);
    const grows = numbers.every((number, at) => at === 0 || number > (numbers[at - 1] ?? 0));
    if (!grows) this.#break('attempts', known, `told as ${numbers.join(', ')}`);
    const isNew = cell.status === 'running' && cell.startedAtMs !== known.cell?.startedAtMs;
    const last = numbers.at(-1) ?? 0;
    if (isNew && attemptNo <= last) this.#break('attempts', known, `${attemptNo} after ${last}`);
    const before = known.state === 'submitted' ? 0 : (known.cell?.attemptNo ?? 0);
    const isAgain = isNew && known.state === 'running' && attemptNo <= before;
    const isWithdrawn = cell.status === 'submitted';
    if (isAgain || (attemptNo < before && !isWithdrawn))
      this.#break('attempts', known, `${attemptNo} after ${before}`);
    // Sent back by an executor that stops, or parked, an attempt costs the job nothing.
    if (attemptNo > this.#attemptsMax + parked + this.drainedMax)
      this.#break('attempts', known, `${attemptNo} of ${this.#attemptsMax}`);
  }

  /** How often a job may have been sent back by an executor that stopped. */
  drainedMax = 0;

  /** A call is told as an attempt of the cell: one that ended, or the one that runs. */
  #checkCalls(known: Known): void {
    const { cell } = known;
    if (!cell) return;
    const told = Math.max(
      cell.attemptNo ?? 0,
      ...(cell.attempts ?? []).map((a) => a.attemptNo ?? 0),
    );
    if (known.calls.length > told)
      this.#break('calls', known, `${known.calls.length} calls, ${told} attempts told`);
  }

  /** An attempt that was outrun may call when its hold has ended: then its cell is another's. */
  #checkHeldFor(known: Known, attemptNo: number): void {
    const { cell, id } = known;
    const counts = cell?.status === 'running' && cell.attemptNo === attemptNo;
    if (counts && !this.money.isHeld(id)) this.#break('held', known, `attempt ${attemptNo} is not`);
  }

  #booking({ data }: Kept): void {
    const booking = decode<Booking>(data);
    const { jobId, attemptNo, backendId, entries } = booking;
    const told = entries.map(
      ({ type, spentUsdMicros, heldUsdMicros }) => `${type} ${spentUsdMicros} ${heldUsdMicros}`,
    );
    this.#tell(`booking ${jobId} #${attemptNo} ${backendId} ${told.join(', ')}`);
    this.money.book(booking);
  }

  #of(id: string): Known {
    const found = this.#known.get(id);
    if (found) return found;
    const known: Known = {
      id,
      isAccepted: false,
      state: 'none',
      seq: 0,
      cell: undefined,
      held: 0,
      calls: [],
    };
    this.#known.set(id, known);
    return known;
  }

  #break(law: string, { id }: Pick<Known, 'id'>, how: string): void {
    this.#tell(`BROKEN ${law}: ${id}: ${how}`);
    this.broken ??= new Error(`law "${law}" is broken by job ${id}: ${how}`);
  }
}

const mayFollow = (from: JobState, to: JobState): boolean =>
  Object.values(transitions[from]).includes(to);

const numbersOf = ({ attemptNo = 0, attempts = [] }: WireCell): string =>
  `#${attemptNo} [${attempts.map((attempt) => attempt.attemptNo).join(' ')}]`;
