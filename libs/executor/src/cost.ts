import type { WireCost, WireTariff } from '@switchyard/contracts';
import type { Backend, Catalogue, FailureCode, Tariff, Usage } from '@switchyard/domain';
import { type Cost, costOf, TariffBook } from '@switchyard/ledger';

/** One ended attempt, as far as its cost goes. */
export type Spent = {
  readonly backend: Backend;
  /** The model as the caller named it. */
  readonly model: string;
  /** When the attempt began: the tariff of that instant counts. */
  readonly atMs: number;
  readonly durationMs: number;
  /** undefined: nothing was answered that could be counted. */
  readonly usage: Usage | undefined;
  /** Where it failed. */
  readonly failureCode?: FailureCode;
};

/** What an attempt cost; undefined where it is free. */
export function costOfAttempt(spent: Spent): Cost | undefined {
  const { backend, usage, durationMs, failureCode } = spent;
  const tariff = tariffOf(backend, spent.model, spent.atMs);
  if (usage !== undefined) return costOf(tariff, { usage, durationMs });
  // A failed attempt without an answer has used the machine's time, if it came so far.
  if (failureCode === undefined || failureCode === 'upstream_unreachable') return undefined;
  const { perSecondUsdMicros, watts, perKwhUsdMicros } = tariff;
  const byTime = { perSecondUsdMicros, watts, perKwhUsdMicros };
  const cost = costOf(byTime, { usage: nothing, durationMs });
  return cost ?? (stopped.has(failureCode) && hasTokenPrice(tariff) ? unknownCost : undefined);
}

/** Ends that cut off an answer under way: the tokens made until then may be billed. */
const stopped: ReadonlySet<FailureCode> = new Set<FailureCode>([
  'cancelled',
  'conflict',
  'deadline_exceeded',
  'draining',
  'upstream_timeout',
]);

const unknownCost: Cost = Object.freeze({ usdMicros: 0, basis: 'unknown' });

const hasTokenPrice = ({ perMtokInputUsdMicros = 0, perMtokOutputUsdMicros = 0 }: Tariff) =>
  perMtokInputUsdMicros > 0 || perMtokOutputUsdMicros > 0;

/** A cost as it travels; undefined stays so. */
export const wireCost = (cost: Cost | undefined): WireCost | undefined =>
  cost && {
    usdMicros: String(cost.usdMicros),
    basis: cost.basis,
    ...(cost.tariffUsdMicros === undefined
      ? {}
      : { tariffUsdMicros: String(cost.tariffUsdMicros) }),
  };

/**
 * What others may know of a backend's prices at an instant: that of every model, and those of
 * single models by every name a caller may use.
 */
export function tariffsAt(
  backend: Backend,
  catalogue: Catalogue | undefined,
  nowMs: number,
): { readonly tariff: WireTariff; readonly modelTariffs?: Record<string, WireTariff> } {
  const book = bookOf(backend);
  const tariff = { ...book.tariffOf([], nowMs) };
  if (!backend.tariffs?.length) return { tariff };
  const names = new Set([
    ...backend.supportedModels,
    ...Object.keys(backend.modelAliases),
    ...(catalogue?.models ?? []).map(({ id }) => id),
  ]);
  const own = [...names].map((name) => [name, { ...tariffOf(backend, name, nowMs) }] as const);
  return { tariff, modelTariffs: Object.fromEntries(own) };
}

const nothing: Usage = { inputTokens: 0, outputTokens: 0, basis: 'reported' };

const books = new WeakMap<Backend, TariffBook>();

function bookOf(backend: Backend): TariffBook {
  const known = books.get(backend);
  if (known) return known;
  const book = new TariffBook(backend.tariff, backend.tariffs);
  books.set(backend, book);
  return book;
}

function tariffOf(backend: Backend, model: string, atMs: number): Tariff {
  if (!backend.tariffs?.length) return backend.tariff;
  const own = Object.hasOwn(backend.modelAliases, model) ? backend.modelAliases[model] : undefined;
  return bookOf(backend).tariffOf(own === undefined ? [model] : [model, own], atMs);
}
