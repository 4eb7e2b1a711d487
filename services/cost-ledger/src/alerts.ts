import { type Bus, type Raised, raiseAlert } from '@switchyard/bus';
import { toToken } from '@switchyard/contracts';
import { AppError, type Log } from '@switchyard/domain';
import {
  type Alarm,
  alarmOfRefusal,
  alarmsOf,
  type Book,
  type Budget,
  budgetKey,
  type Verdict,
} from '@switchyard/ledger';

/** Alarms remembered as raised; the stream itself refuses a second. */
const rememberedMax = 10_000;

/**
 * Raises an alert for each threshold that a budget's spending has reached, once per period and
 * limit: one that was changed counts anew.
 */
export class Alerts {
  readonly #bus: Pick<Bus, 'publish'>;
  readonly #log: Log;
  readonly #raised = new Set<string>();

  constructor({ bus, log }: { readonly bus: Pick<Bus, 'publish'>; readonly log: Log }) {
    this.#bus = bus;
    this.#log = log;
  }

  /** Looks at every budget; what cannot be stored is raised by the next look. */
  look(book: Book, nowMs: number): void {
    for (const alarm of alarmsOf(book, nowMs)) this.#raise(alarm, nowMs);
  }

  /** Money was refused: that may be how a budget shows to be exhausted. */
  refused(book: Book, verdicts: readonly Verdict[], nowMs: number): void {
    const alarm = alarmOfRefusal(book, verdicts, nowMs);
    if (alarm) this.#raise(alarm, nowMs);
  }

  #raise(alarm: Alarm, nowMs: number): void {
    const key = keyOf(alarm);
    if (this.#raised.has(key)) return;
    if (this.#raised.size >= rememberedMax) this.#raised.clear();
    this.#raised.add(key);
    void raiseAlert(this.#bus, alertOf(alarm, nowMs)).catch((caught) => {
      this.#raised.delete(key);
      this.#log.warn({ err: AppError.from(caught).message }, 'an alert could not be raised yet');
    });
  }
}

const money = new Intl.NumberFormat('en-US', {
  style: 'currency',
  currency: 'USD',
  minimumFractionDigits: 2,
  maximumFractionDigits: 6,
});
const dollars = (usdMicros: number): string => money.format(usdMicros / 1e6);

const nameOf = ({ scope, window }: Budget): string =>
  `${window} budget of ${scope.kind === 'global' ? 'everything' : `${scope.kind} ${scope.id}`}`;

const percentOf = ({ share }: Alarm): number => Number((share * 100).toFixed(2));

/** What tells this alert of a budget from its others. */
const occurrenceOf = (alarm: Alarm): string => {
  const { periodStartMs, stand } = alarm;
  const period = Number.isFinite(periodStartMs) ? periodStartMs : 'ever';
  return `${period}-${percentOf(alarm)}-${stand.limitUsdMicros}`;
};

const keyOf = (alarm: Alarm): string => `${budgetKey(alarm.stand.budget)} ${occurrenceOf(alarm)}`;

/** Why an exhausted budget is that. */
function exhaustionOf({ stand, refusedUsdMicros }: Alarm): string {
  const { budget } = stand;
  const refused =
    refusedUsdMicros === undefined
      ? ''
      : ` What is left does not pay for a job of up to ${dollars(refusedUsdMicros)}.`;
  return refused + (budget.isCap ? ' Paid backends are left out; free ones go on.' : '');
}

function alertOf(alarm: Alarm, nowMs: number): Raised {
  const { stand, share } = alarm;
  const { budget, limitUsdMicros, spentUsdMicros, heldUsdMicros, resetAtMs } = stand;
  const { scope, window } = budget;
  const isExhausted = share >= 1;
  const percent = percentOf(alarm);
  const spent = `${dollars(spentUsdMicros)} of ${dollars(limitUsdMicros)} is spent`;
  const until =
    resetAtMs === undefined ? '' : ` It begins anew ${new Date(resetAtMs).toISOString()}.`;
  const what = isExhausted ? exhaustionOf(alarm) : '';
  return {
    about: ['budget', scope.kind, toToken(scope.id || 'all'), window],
    occurrence: toToken(occurrenceOf(alarm)),
    kind: isExhausted ? 'budget.exhausted' : 'budget.alert',
    severity: share >= 0.9 ? 'critical' : 'warning',
    source: 'cost-ledger',
    atMs: nowMs,
    title: `${nameOf(budget)}: ${isExhausted ? 'exhausted' : `${percent} % reached`}`,
    message: `${spent}.${what}${until}`,
    ...(scope.kind === 'account' ? { account: scope.id } : {}),
    ...(scope.kind === 'key' ? { account: scope.id.split('.')[0] } : {}),
    ...(scope.kind === 'backend' ? { backendId: scope.id } : {}),
    facts: {
      scope: scope.kind,
      id: scope.id,
      window,
      share,
      limitUsdMicros,
      spentUsdMicros,
      heldUsdMicros,
      ...(resetAtMs === undefined ? {} : { resetAtMs }),
    },
  };
}
