import { followBudgets } from '@switchyard/bus';
import type { Config } from '@switchyard/config';
import { subjects, type WireBudgetStand } from '@switchyard/contracts';
import { AppError } from '@switchyard/domain';
import {
  BudgetBook,
  type BudgetStand,
  type HoldAnswer,
  type HoldAsk,
  scopeKeysOf,
  type Verdict,
} from '@switchyard/ledger';
import {
  type BackendRow,
  type Budgets,
  findRow,
  type JobFacts,
  noFacts,
  type RouteDecision,
  type Snapshot,
} from '@switchyard/routing';
import type { RouterContext } from './context.js';
import { isPaid, isPriced, quoteOfRow } from './hold-quote.js';
import type { RoutedJob } from './routed-job.js';

/** The ledger answers within a few milliseconds or not at all: then paid jobs wait. */
const askTimeoutMs = 2_000;
/** A job that money is in the way of asks again after this long. */
const againMs = 250;
/** What a budget said of a job counts no longer than this. */
const saidForMs = 5_000;
/** Refusals remembered before those that count no longer are looked for. */
const saidMax = 10_000;
/** Paid backends asked about beside the chosen one. */
const quotesMax = 16;

/** What was said of a job whose money was not held. */
type Said = {
  readonly budgets: Budgets;
  readonly untilMs: number;
  /** For people, where the job ends of it. */
  readonly why: string;
  /** The budget that was in the way, where one was. */
  readonly budget?: WireBudgetStand;
  /** True where only the ledger's silence is in the way. */
  readonly isSilence: boolean;
};

/**
 * Money for attempts: asks the cost-ledger before a job goes to a backend that costs something, if
 * any scope of it has a cap. Without budgets nothing is asked, and nothing is made for a job.
 */
export class Holds {
  readonly #context: Pick<RouterContext, 'bus' | 'log' | 'now'>;
  readonly #config: Config['budgets'] | undefined;
  readonly #said = new Map<string, Said>();
  /** Where an attempt was held for and surely not sent, by job. */
  readonly #unsent = new Map<string, string>();
  #budgets = new BudgetBook();

  constructor(context: Pick<RouterContext, 'bus' | 'log' | 'now' | 'budgets'>) {
    this.#context = context;
    this.#config = context.budgets;
  }

  /** Follows the budgets; resolves, to what stops it, once they are known. */
  async start(): Promise<() => void> {
    const { bus, log } = this.#context;
    if (!this.#config) return () => {};
    return followBudgets(bus, {
      configured: this.#config.list,
      tell: (budgets) => {
        this.#budgets = budgets;
        this.#said.clear();
      },
      onProblem: ({ message }) => log.error({ err: message }, 'a budget cannot be read'),
    });
  }

  /** True where money must be held before the job goes where it was decided to. */
  needs(job: RoutedJob, { backendId }: RouteDecision, snapshot: Snapshot): boolean {
    if (this.#budgets.isEmpty) return false;
    const row = findRow(snapshot, backendId);
    return row !== undefined && isPaid(row, job.routing.model) && this.#caps(job, backendId);
  }

  /** True where money was in the way of the job a moment ago. */
  isBlocked(jobId: string, nowMs: number): boolean {
    const said = this.#said.size > 0 ? this.#said.get(jobId) : undefined;
    if (said && said.untilMs <= nowMs) this.#said.delete(jobId);
    return said !== undefined && said.untilMs > nowMs;
  }

  /** What a decision about the job must know of its budgets, beside its other facts. */
  factsFor(jobId: string, facts: JobFacts | undefined, nowMs: number): JobFacts | undefined {
    if (this.#said.size === 0) return facts;
    const said = this.#said.get(jobId);
    if (!said || said.untilMs <= nowMs) return facts;
    return { ...(facts ?? noFacts), budgets: said.budgets };
  }

  /** When a job that money is in the way of asks again. */
  againAtMs(jobId: string, nowMs: number): number {
    // What only passes is forgotten by then; what a budget refused is remembered longer.
    const said = this.#said.get(jobId);
    if (said) this.#said.set(jobId, { ...said, untilMs: Math.min(said.untilMs, nowMs + againMs) });
    return nowMs + againMs;
  }

  /** The wall clock was put forward or back: what was said counts as long as it would have. */
  shiftClock(byMs: number): void {
    for (const [id, said] of this.#said) {
      this.#said.set(id, { ...said, untilMs: said.untilMs + byMs });
    }
  }

  /** Why money was in the way of a job that ends. */
  whyNot(jobId: string): Pick<Said, 'why' | 'budget' | 'isSilence'> | undefined {
    return this.#said.get(jobId);
  }

  /** The job left the waiting room for good. */
  forget(jobId: string): void {
    if (this.#said.size > 0) this.#said.delete(jobId);
    if (this.#unsent.size > 0) this.#unsent.delete(jobId);
  }

  /** The dispatch that money was held for is surely in no slot. */
  unsent(jobId: string, backendId: string): void {
    this.#unsent.set(jobId, backendId);
  }

  /**
   * Asks for the money of one attempt; true: it is held, and stored. False: what was said counts
   * for the next decision about the job.
   */
  async ask(job: RoutedJob, decision: RouteDecision, snapshot: Snapshot): Promise<boolean> {
    const { bus, log, now } = this.#context;
    const rows = this.#rowsToAsk(job, decision, snapshot);
    const priced = rows.filter((row) => isPriced(row, job.routing.model));
    const unpriced = rows.filter((row) => !priced.includes(row)).map(({ id }) => id);
    if (priced[0]?.id !== decision.backendId) {
      this.#say(job.id, verdictsOf(unpriced, unpricedVerdict), 'nobody knows its price');
      return false;
    }
    try {
      const subject = subjects.rpc('cost-ledger', 'hold');
      const asked = this.#askOf(job, priced);
      const answer = (await bus.askMessage(subject, asked, askTimeoutMs)) as HoldAnswer;
      this.#unsent.delete(job.id);
      if (answer.kind === 'held') {
        this.#said.delete(job.id);
        return true;
      }
      const said = new Map(verdictsOf(unpriced, unpricedVerdict));
      answer.verdicts.forEach((verdict, at) => said.set(priced[at]?.id ?? '', verdict));
      this.#say(job.id, said, whyOf(answer.verdicts[0]), budgetOf(answer.verdicts[0]));
    } catch (caught) {
      log.warn({ jobId: job.id, err: AppError.from(caught).message }, 'the ledger does not answer');
      const silent: Budgets = { job: { ...nothingUnheld }, byBackend: {} };
      const why = 'the ledger does not answer, and paid backends wait for it';
      const untilMs = now() + againMs;
      this.#remember(job.id, { budgets: silent, untilMs, why, isSilence: true });
    }
    return false;
  }

  #caps(job: RoutedJob, backendId: string): boolean {
    const { model, account, chargeTags: tags, apiKey } = job.stamp;
    return this.#budgets.caps(
      scopeKeysOf({ account, model, tags, apiKey, backendId, kind: job.kind }),
    );
  }

  /** The chosen backend and every other paid one that was in the running. */
  #rowsToAsk(job: RoutedJob, { backendId, ranked }: RouteDecision, snapshot: Snapshot) {
    const ids = [backendId, ...ranked.filter((id) => id !== backendId)].slice(0, quotesMax);
    return ids
      .map((id) => findRow(snapshot, id))
      .filter((row): row is BackendRow => row !== undefined)
      .filter((row) => isPaid(row, job.routing.model));
  }

  #askOf(job: RoutedJob, rows: readonly BackendRow[]): HoldAsk {
    const { account, model, chargeTags: tags, kind, apiKey } = job.stamp;
    const mode = this.#config?.mode ?? 'learned';
    const unsentBackendId = this.#unsent.get(job.id);
    return {
      jobId: job.id,
      attemptNo: job.attemptNo,
      account,
      model,
      kind,
      ...(apiKey ? { apiKey } : {}),
      ...(tags.length > 0 ? { tags } : {}),
      ...(unsentBackendId === undefined ? {} : { unsentBackendId }),
      quotes: rows.map((row) => quoteOfRow(row, job.routing, mode)),
    };
  }

  #say(
    jobId: string,
    verdicts: ReadonlyMap<string, Verdict>,
    why: string,
    budget?: WireBudgetStand,
  ): void {
    const nowMs = this.#context.now();
    // What was said of others a moment ago still counts: they were left out of what was asked now.
    const before = this.#said.get(jobId);
    const kept = before && !before.isSilence && before.untilMs > nowMs ? before : undefined;
    const byBackend: Record<string, Budgets['byBackend'][string]> = { ...kept?.budgets.byBackend };
    for (const [id, { kind }] of verdicts) {
      if (kind === 'held') byBackend[id] = nothingUnheld;
      else if (kind !== 'fits') byBackend[id] = nothingLeft;
    }
    const budgets: Budgets = { job: null, byBackend };
    const untilMs = kept?.untilMs ?? nowMs + saidForMs;
    const told = budget ? { why, budget } : { why };
    this.#remember(jobId, { budgets, untilMs, ...told, isSilence: false });
  }

  /** A job that its door could not store after a refusal never comes, and nobody forgets it. */
  #remember(jobId: string, said: Said): void {
    this.#said.set(jobId, said);
    if (this.#said.size <= saidMax) return;
    const nowMs = this.#context.now();
    for (const [id, { untilMs }] of this.#said) if (untilMs <= nowMs) this.#said.delete(id);
  }
}

const nothingLeft = { unpostedUsdMicros: 0, unheldUsdMicros: 0 };
const nothingUnheld = { unpostedUsdMicros: Number.MAX_SAFE_INTEGER, unheldUsdMicros: 0 };
const unpricedVerdict: Verdict = { kind: 'unbounded' };

const verdictsOf = (ids: readonly string[], verdict: Verdict): ReadonlyMap<string, Verdict> =>
  new Map(ids.map((id) => [id, verdict]));

function whyOf(verdict: Verdict | undefined): string {
  if (verdict?.kind === 'held' || verdict?.kind === 'over') {
    return `${standText(verdict.stand)}; this job may cost ${dollars(verdict.usdMicros)}`;
  }
  return 'without a limit of output tokens nobody can say what it costs at most';
}

/** The same figures for programs. */
function budgetOf(verdict: Verdict | undefined): WireBudgetStand | undefined {
  if (verdict?.kind !== 'held' && verdict?.kind !== 'over') return undefined;
  const { budget, limitUsdMicros, spentUsdMicros, heldUsdMicros, resetAtMs } = verdict.stand;
  const { scope, window } = budget;
  const figures = { limitUsdMicros, spentUsdMicros, heldUsdMicros, resetAtMs };
  return {
    scope: scope.kind,
    id: scope.id,
    window,
    ...figures,
    neededUsdMicros: verdict.usdMicros,
  };
}

const dollars = (usdMicros: number): string => `$${usdMicros / 1e6}`;

/** Such as `daily budget of account team-a: limit $50, spent $48.2, held $1.5, resets ...`. */
function standText(stand: BudgetStand): string {
  const { budget, limitUsdMicros, spentUsdMicros, heldUsdMicros, resetAtMs } = stand;
  const { kind, id } = budget.scope;
  const figures = [
    `limit ${dollars(limitUsdMicros)}`,
    `spent ${dollars(spentUsdMicros)}`,
    `held ${dollars(heldUsdMicros)}`,
    ...(resetAtMs === undefined ? [] : [`resets ${new Date(resetAtMs).toISOString()}`]),
  ];
  const whose = kind === 'global' ? 'everything' : `${kind} ${id}`;
  return `${budget.window} budget of ${whose}: ${figures.join(', ')}`;
}
