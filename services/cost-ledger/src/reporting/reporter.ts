import { type Bus, followBudgets, raiseAlert } from '@switchyard/bus';
import type { Config } from '@switchyard/config';
import { decode, encode, subjects } from '@switchyard/contracts';
import { AppError, type Log } from '@switchyard/domain';
import {
  anomalyOf,
  Balances,
  type Booking,
  BudgetBook,
  type BudgetReport,
  CostFold,
  type CostQuestion,
  type Efficiency,
  efficiencyOf,
  reportOf,
} from '@switchyard/ledger';
import type { Metrics } from '@switchyard/telemetry';
import { anomalyAlert } from './anomaly-alert.js';
import { budgetReports } from './budget-reports.js';
import { decisionEstimates } from './decision-estimates.js';
import { efficiencyAlert } from './efficiency-alert.js';

/** What a reporter is made from. */
export type CostReporterDeps = {
  readonly bus: Bus;
  readonly config: Pick<Config, 'budgets'>;
  readonly log: Log;
  readonly metrics: Pick<Metrics, 'gauge'>;
  /** Unix ms. @default Date.now */
  readonly now?: () => number;
};

const service = 'cost-ledger';
/** A report may lag behind the ledger by this much. */
const readEveryMs = 500;
const lookEveryMs = 60_000;
/** A look at a day's decisions reads thousands of events. */
const efficiencyEveryMs = 3_600_000;
const dayMs = 86_400_000;
const notRaised = 'an alert could not be raised yet';

/**
 * Answers what was spent and where budgets stand, out of a fold of its own over the ledger: any
 * instance can, whether it writes the ledger or not, and the writer is not kept from its work.
 */
export class CostReporter {
  readonly #deps: Required<CostReporterDeps>;
  readonly #costs = new CostFold();
  readonly #balances = new Balances();
  #budgets = new BudgetBook();
  readonly #stops: (() => unknown)[] = [];

  constructor(deps: CostReporterDeps) {
    this.#deps = { now: Date.now, ...deps };
    const { metrics } = this.#deps;
    metrics.gauge('lb_budget_limit_dollars', () => this.#gauge('limitUsdMicros'));
    metrics.gauge('lb_budget_spent_dollars', () => this.#gauge('spentUsdMicros'));
    metrics.gauge('lb_budget_held_dollars', () => this.#gauge('heldUsdMicros'));
  }

  /** Resolves once everything that was booked before is folded, and questions are answered. */
  async start(): Promise<void> {
    const { bus, config, log } = this.#deps;
    const warn = (cause: unknown) =>
      log.warn({ err: AppError.from(cause).message }, 'the ledger cannot be reported on now');
    const unfollow = await followBudgets(bus, {
      configured: config.budgets.list,
      tell: (budgets) => {
        this.#budgets = budgets;
      },
      onProblem: warn,
    });
    const stop = await bus.follow({
      stream: 'LEDGER',
      fromSeq: 1,
      everyMs: readEveryMs,
      tell: (_subject, data) => this.#fold(data),
      onProblem: warn,
    });
    const unanswered = await Promise.all([
      this.#answer('costs', (data) => reportOf(this.#costs, decode<CostQuestion>(data))),
      this.#answer('budgets', () => ({ budgets: this.#reports() })),
      this.#answer('efficiency', () => this.#efficiency()),
    ]);
    const timer = setInterval(() => this.look(), lookEveryMs);
    const slowTimer = setInterval(() => void this.lookAtEfficiency(), efficiencyEveryMs);
    timer.unref();
    slowTimer.unref();
    this.#stops.push(unfollow, stop, ...unanswered, () => {
      clearInterval(timer);
      clearInterval(slowTimer);
    });
  }

  async stop(): Promise<void> {
    for (const stop of this.#stops.splice(0).toReversed()) await stop();
  }

  /** Raises an alert where an hour's spending leaves its usual band; every minute. */
  look(): void {
    const { bus, now, log } = this.#deps;
    const nowMs = now();
    for (const scope of this.#balances.scopes()) {
      if (scope !== 'global' && !scope.startsWith('backend:')) continue;
      const anomaly = anomalyOf(this.#balances, scope, nowMs);
      if (!anomaly) continue;
      raiseAlert(bus, anomalyAlert(scope, anomaly, nowMs)).catch((caught) =>
        log.warn({ err: AppError.from(caught).message }, notRaised),
      );
    }
  }

  /** Raises an alert where the last day's money was not spent where it was cheapest; hourly. */
  async lookAtEfficiency(): Promise<void> {
    const { bus, now, log } = this.#deps;
    if (this.#balances.spentSince('global', now() - dayMs) === 0) return;
    try {
      const alert = efficiencyAlert(await this.#efficiency(), now());
      if (alert) await raiseAlert(bus, alert);
    } catch (caught) {
      log.warn({ err: AppError.from(caught).message }, notRaised);
    }
  }

  #fold(data: Uint8Array): void {
    try {
      const booking = decode<Booking>(data);
      this.#balances.add(booking);
      this.#costs.add(booking);
    } catch (caught) {
      const err = AppError.from(caught).message;
      this.#deps.log.error({ err }, 'a booking cannot be read: reports are without it');
    }
  }

  #answer(
    verb: string,
    answer: (data: Uint8Array) => object | Promise<object>,
  ): Promise<() => void> {
    const subject = subjects.rpc(service, verb);
    return this.#deps.bus.answer(subject, `${service}-reports`, async (data) =>
      encode(await answer(data)),
    );
  }

  /** Over the last day, or as far back as decisions are looked at. */
  async #efficiency(): Promise<Efficiency & { readonly fromMs: number }> {
    const { bus, now } = this.#deps;
    const estimates = await decisionEstimates(bus, now() - dayMs);
    const spent = this.#balances.spentSince('global', estimates.fromMs);
    return { fromMs: estimates.fromMs, ...efficiencyOf(estimates, spent) };
  }

  #reports(): readonly BudgetReport[] {
    return budgetReports(this.#budgets, this.#balances, this.#deps.now());
  }

  *#gauge(
    what: 'limitUsdMicros' | 'spentUsdMicros' | 'heldUsdMicros',
  ): Iterable<readonly [readonly string[], number]> {
    for (const report of this.#reports()) {
      const { scope = '', id = '', window = '' } = report.budget;
      yield [[scope, id, window], report[what] / 1e6];
    }
  }
}
