import { answerOfMessages, type Bus, followBudgets, type Lease } from '@switchyard/bus';
import type { Config } from '@switchyard/config';
import { subjects } from '@switchyard/contracts';
import { AppError, type Log, type ReachFaultPoint } from '@switchyard/domain';
import { BudgetBook, type HoldAsk } from '@switchyard/ledger';
import type { Metrics } from '@switchyard/telemetry';
import { Alerts } from './alerts.js';
import { PaidBackends } from './paid-backends.js';
import { Replay } from './replay.js';
import { Writer } from './writer.js';

/** What a cost-ledger is made from. */
export type CostLedgerDeps = {
  readonly bus: Bus;
  readonly config: Pick<Config, 'budgets'>;
  readonly log: Log;
  readonly metrics: Pick<Metrics, 'gauge'>;
  readonly instanceId: string;
  readonly faultPoint: ReachFaultPoint;
  /** Whether this instance is to write, with budgets or without any. @default always */
  readonly isWanted?: (hasBudgets: boolean) => boolean;
  readonly now?: () => number;
  /** The cell of a hold this old is read by hand. @default 10 s */
  readonly sweepAfterMs?: number;
  /** A hold this old, of a job that nobody knows, is of none. @default 30 s */
  readonly abandonedAfterMs?: number;
};

const role = 'ledger';
const leaseTtlMs = 3_000;
const tickEveryMs = 1_000;

/**
 * The one writer of the ledger, or a standby that folds the same bookings.
 *
 * The lease only says who should write. What keeps two writers from both being believed is that
 * each append names the last sequence of the whole stream.
 */
export class CostLedger {
  readonly #deps: Required<CostLedgerDeps>;
  readonly #alerts: Alerts;
  #replay: Replay;
  #budgets = new BudgetBook();
  #writer: Writer | undefined;
  #lease: Lease | undefined;
  #turn: Promise<void> = Promise.resolve();
  readonly #stops: (() => void)[] = [];
  #isFolded = false;
  #isStopping = false;
  readonly #paid: PaidBackends;

  constructor(deps: CostLedgerDeps) {
    this.#deps = {
      now: Date.now,
      sweepAfterMs: 10_000,
      abandonedAfterMs: 30_000,
      isWanted: () => true,
      ...deps,
    };
    this.#replay = new Replay(deps.bus);
    this.#paid = new PaidBackends(deps.bus);
    this.#alerts = new Alerts(this.#deps);
  }

  /** What must be so for this service to be ready. */
  readonly checks = {
    ledger: (): true | string => this.#isFolded || 'the ledger is still being folded',
  };

  /** True while this instance writes. */
  get isActive(): boolean {
    return this.#writer !== undefined;
  }

  /** Starts to fold and to look for the role; answers before it has folded everything. */
  async start(): Promise<void> {
    const { bus, config, log } = this.#deps;
    let hadBudgets = false;
    const stop = await followBudgets(bus, {
      configured: config.budgets.list,
      tell: (budgets) => {
        this.#budgets = budgets;
        this.#replay.book.budgets = budgets;
        if (hadBudgets === !budgets.isEmpty) return;
        hadBudgets = !budgets.isEmpty;
        void this.tick();
      },
      onProblem: ({ message }) => log.error({ err: message }, 'a budget cannot be read'),
    });
    this.#stops.push(stop, await this.#paid.follow());
    const timer = setInterval(() => void this.tick(), tickEveryMs);
    this.#stops.push(() => clearInterval(timer));
    void this.tick();
  }

  /** Writes no more and gives the role up. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    for (const stop of this.#stops.splice(0)) stop();
    await this.#turn;
    await this.#standBy();
    if (this.#lease) await this.#deps.bus.leases.release(this.#lease).catch(() => {});
  }

  /** Folds, and takes, keeps or loses the role: every second, one after the other. */
  tick(): Promise<void> {
    this.#turn = this.#turn.then(() => this.#step());
    return this.#turn;
  }

  async #step(): Promise<void> {
    const { bus, log, instanceId } = this.#deps;
    try {
      if (!this.#isNeeded) {
        await this.#yield();
        return;
      }
      const held = this.#lease && (await bus.leases.renew(this.#lease, leaseTtlMs));
      this.#lease = held ?? (await bus.leases.acquire(role, instanceId, leaseTtlMs));
      if (this.#writer?.isLost) await this.#standBy();
      if (!this.#lease && this.#writer) await this.#standBy();
      if (!this.#writer) await this.#replay.catchUp();
      this.#isFolded = true;
      if (this.#lease && !this.#writer) await this.#lead();
      await this.#writer?.sweep();
      if (this.#writer) this.#alerts.look(this.#writer.book, this.#deps.now());
    } catch (caught) {
      log.warn({ err: AppError.from(caught).message }, 'the ledger cannot go on now');
    }
  }

  /** Where nothing costs anything and nothing is limited, no cell is read and nothing asked. */
  get #isNeeded(): boolean {
    const hasBudgets = !this.#budgets.isEmpty;
    if (!this.#deps.isWanted(hasBudgets)) return false;
    return this.isActive || this.#paid.areAny || hasBudgets;
  }

  /** Leaves the role to another. */
  async #yield(): Promise<void> {
    this.#isFolded = true;
    await this.#standBy();
    const lease = this.#lease;
    this.#lease = undefined;
    if (lease) await this.#deps.bus.leases.release(lease).catch(() => {});
  }

  async #lead(): Promise<void> {
    const { bus, config } = this.#deps;
    const writer = new Writer({ ...this.#deps, mode: config.budgets.mode }, this.#replay);
    await writer.start();
    const subject = subjects.rpc('cost-ledger', 'hold');
    const answer = async (asked: object) => {
      const answered = await writer.hold(asked as HoldAsk);
      if (answered.kind === 'refused') {
        this.#alerts.refused(writer.book, answered.verdicts, this.#deps.now());
      }
      return answered;
    };
    writer.onStop(await bus.answer(subject, role, answerOfMessages(answer)));
    this.#writer = writer;
    this.#deps.log.info({ entries: this.#replay.lastSeq }, 'writes the ledger');
  }

  /** What was booked but not stored is in no stream: then everything is folded anew. */
  async #standBy(): Promise<void> {
    const writer = this.#writer;
    if (!writer) return;
    this.#writer = undefined;
    const isClean = await writer.stop();
    if (!this.#isStopping) {
      this.#deps.log.warn({}, 'stands by: another instance writes the ledger');
    }
    if (!isClean) this.#replay = new Replay(this.#deps.bus);
    else this.#replay.lastSeq = writer.lastSeq;
    this.#replay.book.budgets = this.#budgets;
  }
}
