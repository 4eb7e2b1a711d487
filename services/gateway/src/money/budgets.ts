import { setTimeout as delay } from 'node:timers/promises';
import { type Bus, type KeyValues, openOnce } from '@switchyard/bus';
import { buckets, decode, subjects, toToken, type WireBudget } from '@switchyard/contracts';
import { AppError } from '@switchyard/domain';
import { budgetKey, budgetOfRecord, type BudgetReport, recordOfBudget } from '@switchyard/ledger';
import type { Caller } from '../identity.js';
import { readBudget } from './budget-request.js';

type BudgetsDeps = { readonly bus: Pick<Bus, 'ask' | 'keyValues'>; readonly now: () => number };

/** How long an answer waits until the ledger has heard of a change. */
const heardTries = 10;
const heardEveryMs = 20;

/** Budgets: where they stand, and changes of them while everything runs. */
export class Budgets {
  readonly #deps: BudgetsDeps;
  readonly #bucket: () => Promise<KeyValues<WireBudget>>;

  constructor(deps: BudgetsDeps) {
    this.#deps = deps;
    this.#bucket = openOnce(() => deps.bus.keyValues<WireBudget>(buckets.budgets.name));
  }

  /**
   * Those that the caller may see: all for an operator, else those of its account and its keys.
   * Throws AppError `unavailable` where no cost-ledger answers.
   */
  async list({ account, isAdmin }: Caller): Promise<readonly object[]> {
    const reports = await this.#reports();
    return reports
      .filter(({ budget: { scope, id = '' } }) => {
        if (isAdmin) return true;
        return (
          (scope === 'account' && id === account) ||
          (scope === 'key' && id.startsWith(`${account}.`))
        );
      })
      .map(budgetView);
  }

  /** Makes a budget, or puts another in its place. Throws AppError `validation_failed`. */
  async put(body: unknown): Promise<object> {
    const budget = readBudget(body, this.#deps.now());
    const key = toToken(budgetKey(budget));
    const record = recordOfBudget(budget);
    const limitUsdMicros = budget.raise?.limitUsdMicros ?? budget.limitUsdMicros;
    await (await this.#bucket()).put(key, record as WireBudget);
    const known = await this.#reportOf(key, limitUsdMicros);
    const spent = known?.spentUsdMicros ?? 0;
    const isOver = budget.isCap && known !== undefined && spent >= limitUsdMicros;
    const unknown = { spentUsdMicros: 0, heldUsdMicros: 0 };
    return {
      ...budgetView({ ...unknown, ...known, budget: record, limitUsdMicros }),
      ...(isOver
        ? {
            warning:
              `${spent / 1e6} USD are spent in this period already: ` +
              'paid backends are refused until it begins anew',
          }
        : {}),
    };
  }

  /** Takes a budget out of force, one of the configuration too. Throws AppError `not_found`. */
  async remove(key: string): Promise<void> {
    const found = (await this.#reports()).find((report) => keyOf(report) === key);
    if (!found) throw new AppError('not_found', `there is no budget ${key.slice(0, 128)}`);
    const record = { ...found.budget, isRemoved: true } as WireBudget;
    await (await this.#bucket()).put(key, record);
  }

  /** Where a budget stands that was changed a moment ago: the ledger hears of it by itself. */
  async #reportOf(key: string, limitUsdMicros: number): Promise<BudgetReport | undefined> {
    let known: BudgetReport | undefined;
    for (let tries = 0; tries < heardTries; tries += 1) {
      known = (await this.#reports().catch(() => [])).find((report) => keyOf(report) === key);
      if (known?.limitUsdMicros === limitUsdMicros) return known;
      await delay(heardEveryMs);
    }
    return known;
  }

  async #reports(): Promise<readonly BudgetReport[]> {
    const answer = await this.#deps.bus.ask(subjects.rpc('cost-ledger', 'budgets'), '');
    return decode<{ readonly budgets: readonly BudgetReport[] }>(answer).budgets;
  }
}

const keyOf = ({ budget }: BudgetReport): string => toToken(budgetKey(budgetOfRecord(budget)));

const instantOf = (atMs: number | null | undefined): string | null =>
  typeof atMs === 'number' ? new Date(atMs).toISOString() : null;

/** A budget as the API shows it. */
function budgetView(report: BudgetReport): object {
  const { budget, limitUsdMicros, spentUsdMicros, heldUsdMicros } = report;
  const { scope, id, window, form, timeZone, isCap, alertAt = [] } = budget;
  const { raisedUsdMicros, raisedUntilMs } = budget;
  return {
    key: keyOf(report),
    scope,
    id: id || null,
    window,
    form,
    time_zone: timeZone,
    hard_cap: isCap,
    alert_at: alertAt,
    limit_usd: (budget.limitUsdMicros ?? 0) / 1e6,
    raise: raisedUsdMicros
      ? { limit_usd: raisedUsdMicros / 1e6, until: instantOf(raisedUntilMs) }
      : null,
    current_limit_usd: limitUsdMicros / 1e6,
    spent_usd: spentUsdMicros / 1e6,
    held_usd: heldUsdMicros / 1e6,
    left_usd: Math.max(0, limitUsdMicros - spentUsdMicros - heldUsdMicros) / 1e6,
    resets_at: instantOf(report.resetAtMs),
    expected_usd: report.expectedUsdMicros === undefined ? null : report.expectedUsdMicros / 1e6,
    exhausted_at: instantOf(report.exhaustedAtMs),
  };
}
