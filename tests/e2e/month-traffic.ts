import type { WireAttempt, WireCell, WireLateReceipt } from '@switchyard/contracts';
import type { Tariff, Usage } from '@switchyard/domain';
import { costOf } from '@switchyard/ledger';

/** One job of the month: when, what its cell says at the end, and what came too late for it. */
export type MonthJob = {
  readonly startedAtMs: number;
  readonly endedAtMs: number;
  readonly isHeld: boolean;
  readonly cell: WireCell & { readonly jobId: string };
  readonly late?: WireLateReceipt;
};

/** What the generator itself counts, by its own arithmetic, in millionths of a US dollar. */
export type MonthSums = {
  readonly byAccount: Map<string, bigint>;
  readonly byBackend: Map<string, bigint>;
  readonly byDay: Map<number, bigint>;
  charged: bigint;
  waste: bigint;
  unpriced: number;
};

const dayMs = 86_400_000;
export const monthStartMs = Date.parse('2026-03-01T00:00:00Z');
export const monthEndMs = monthStartMs + 31 * dayMs;

/** Prices in USD micros: per million tokens, per job, per second. */
const backends: Readonly<Record<string, Tariff & { readonly model: string }>> = {
  dear: { model: 'large', perMtokInputUsdMicros: 2_500_000, perMtokOutputUsdMicros: 10_000_000 },
  cheap: { model: 'small', perMtokInputUsdMicros: 150_000, perMtokOutputUsdMicros: 600_001 },
  media: { model: 'paint', perJobUsdMicros: 40_000 },
  rented: { model: 'own', perSecondUsdMicros: 333 },
  free: { model: 'own' },
  nobody: { model: 'strange', isUnknown: true },
};

/** The same figures for the same seed. */
function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Nothing yet. */
export const noSums = (): MonthSums => ({
  byAccount: new Map(),
  byBackend: new Map(),
  byDay: new Map(),
  charged: 0n,
  waste: 0n,
  unpriced: 0,
});

/** So many jobs over a month, in the order in which they end; `sums` counts along. */
export function* monthTraffic(jobs: number, seed: number, sums: MonthSums): Generator<MonthJob> {
  const next = randomOf(seed);
  const stepMs = (monthEndMs - monthStartMs - 120_000) / jobs;
  for (let no = 0; no < jobs; no += 1) {
    const endedAtMs = Math.floor(monthStartMs + 60_000 + no * stepMs + next() * stepMs);
    yield jobOf(`month-${no}`, endedAtMs, next, sums);
  }
}

const pick = <Item>(items: readonly Item[], share: number): Item =>
  items[Math.min(items.length - 1, Math.floor(share * items.length))] as Item;

function jobOf(jobId: string, endedAtMs: number, next: () => number, sums: MonthSums): MonthJob {
  const account = `team-${Math.floor(next() * next() * 8)}`;
  const first = pick(Object.keys(backends), next());
  const { model = '' } = backends[first] ?? {};
  const tags = ['batch', 'night', 'lab'].filter(() => next() < 0.2);
  const labels = { account, model, kind: model === 'paint' ? 'image' : 'chat' };
  const more = { ...(tags.length > 0 ? { tags } : {}), ...(next() < 0.5 ? { apiKey: 'ci' } : {}) };
  const facts = { ...labels, ...more };
  const count = next() < 0.9 ? 1 : 2 + Math.floor(next() * 2);
  const roll = next();
  const status = roll < 0.92 ? 'succeeded' : roll < 0.96 ? 'canceled' : 'failed';
  const streamed = next() < 0.3;
  const isCharged = status !== 'failed' || streamed;
  const attempts: WireAttempt[] = [];
  let late: WireLateReceipt | undefined;
  for (let attemptNo = 1; attemptNo <= count; attemptNo += 1) {
    const isLast = attemptNo === count;
    const backendId = isLast || next() < 0.7 ? first : pick(Object.keys(backends), next());
    const made = attemptOf(attemptNo, backendId, next);
    const isLate = !isLast && !late && made.cost !== undefined && next() < 0.2;
    const counted = { account, backendId, endedAtMs, isWaste: !isLast || !isCharged };
    if (made.cost) countOne(sums, made.spentUsdMicros, counted);
    if (!isLate) attempts.push(made.attempt);
    else {
      // Its executor was given up, and came back with a bill.
      attempts.push({ attemptNo, backendId });
      late = { jobId, ...facts, attempt: made.attempt };
    }
  }
  const last = attempts.at(-1) ?? {};
  const startedAtMs = endedAtMs - Math.floor(1 + next() * 50_000);
  const { cost, usage, backendId, attemptNo } = last;
  const cell = {
    ...{ jobId, ...facts, status, streamed, attempts, attemptNo, submittedAtMs: startedAtMs },
    outcome: { status, attemptNo, backendId, cost, usage, finishedAtMs: endedAtMs },
  };
  const isHeld = account !== 'team-0';
  return { startedAtMs, endedAtMs, isHeld, cell, ...(late ? { late } : {}) };
}

/** One attempt: its receipt as an executor makes it, and what it cost by our own arithmetic. */
function attemptOf(attemptNo: number, backendId: string, next: () => number) {
  const { model: _model, ...tariff } = backends[backendId] ?? { model: '' };
  const inputTokens = Math.floor(next() * 4_000);
  const outputTokens = Math.floor(next() * next() * 2_000);
  const durationMs = Math.floor(next() * 30_000);
  const usage: Usage = { inputTokens, outputTokens, basis: 'reported' };
  const found = costOf(tariff, { usage, durationMs });
  const cost = found && { usdMicros: String(found.usdMicros), basis: found.basis };
  const attempt = { attemptNo, backendId, usage, ...(cost ? { cost } : {}) };
  const byTokens =
    BigInt(inputTokens) * BigInt(tariff.perMtokInputUsdMicros ?? 0) +
    BigInt(outputTokens) * BigInt(tariff.perMtokOutputUsdMicros ?? 0);
  const byTime = BigInt(durationMs) * 1_000n * BigInt(tariff.perSecondUsdMicros ?? 0);
  const fixed = BigInt(tariff.perJobUsdMicros ?? 0) * 1_000_000n;
  const spentUsdMicros = tariff.isUnknown ? undefined : halfEven(byTokens + byTime + fixed);
  return { attempt, cost, spentUsdMicros };
}

/** Millionths, rounded to whole ones, half to even. */
function halfEven(millionths: bigint): bigint {
  const [whole, rest] = [millionths / 1_000_000n, millionths % 1_000_000n];
  const isUp = rest > 500_000n || (rest === 500_000n && whole % 2n === 1n);
  return isUp ? whole + 1n : whole;
}

type Counted = {
  readonly account: string;
  readonly backendId: string;
  readonly endedAtMs: number;
  readonly isWaste: boolean;
};

function countOne(sums: MonthSums, usdMicros: bigint | undefined, counted: Counted): void {
  if (usdMicros === undefined) {
    sums.unpriced += 1;
    return;
  }
  const { account, backendId, endedAtMs, isWaste } = counted;
  const add = <Key>(map: Map<Key, bigint>, key: Key) =>
    map.set(key, (map.get(key) ?? 0n) + usdMicros);
  if (isWaste) sums.waste += usdMicros;
  else {
    sums.charged += usdMicros;
    add(sums.byAccount, account);
  }
  add(sums.byBackend, backendId);
  add(sums.byDay, Math.floor(endedAtMs / dayMs) * dayMs);
}
