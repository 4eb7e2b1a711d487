import * as fc from 'fast-check';
import type { BackendRow } from '../backend-row.js';
import { unknownStats } from '../backend-stats.js';
import { decide } from '../decide.js';
import type { Decision } from '../decision.js';
import type { DecisionInput } from '../decision-input.js';
import { expectedDurationMs } from '../expected-duration.js';
import { askOf } from '../filter.js';
import { filters } from '../filters/pipeline.js';
import { noFacts } from '../job-facts.js';
import { rankedMax } from '../picker.js';
import { recordOf, replay } from '../replay.js';
import type { ScoredSet, Scorer } from '../scorer.js';
import { seedOf } from '../seed.js';
import { defaultSettings } from '../settings.js';
import { snapshotOf } from '../snapshot.js';
import type { Strategy } from '../strategy.js';
import { aCase, type Case, usableRow, wildCase } from './arbitraries.js';
import { makeJob, nowMs } from './builders.js';

const inputOf = (strategy: Strategy, one: Case): DecisionInput => {
  const { rows, job, cursor, facts, settings, turns } = one;
  const cursors = cursor === undefined ? {} : { [job.kind]: cursor };
  return {
    job,
    snapshot: snapshotOf(rows, { cursors, settings, turns: { [job.kind]: turns } }),
    strategy,
    nowMs: one.nowMs,
    seed: seedOf(job.id, job.attemptNo),
    facts,
  };
};

const decideOn = (strategy: Strategy, one: Case): Decision => decide(inputOf(strategy, one));

const withoutDoubles = (some: readonly BackendRow[]): readonly BackendRow[] =>
  snapshotOf(some).backends;

const chosenBy = (decision: Decision): string =>
  decision.kind === 'route' ? decision.backendId : decision.kind;

/** The case without what the strategy does not say that it reads. */
function onlyRead({ reads = [] }: Strategy, one: Case): Case {
  const reading = new Set(reads);
  const { facts } = one;
  const rows = one.rows.map((row) => {
    // The filters read these two, whatever the strategy.
    const { isPriceUnknown, lastHeartbeatAtMs } = row.stats;
    const { outstandingTokens, queuedPrefillMs } = row.stats;
    const filtered = { ...unknownStats, isPriceUnknown, lastHeartbeatAtMs };
    const work = reading.has('work')
      ? { outstandingTokens, queuedPrefillMs }
      : { outstandingTokens: 0, queuedPrefillMs: 0 };
    const stats = reading.has('stats') ? row.stats : filtered;
    return { ...row, stats: { ...stats, ...work } };
  });
  const { learned } = facts;
  const isLearning = reading.has('arms') || reading.has('weights');
  return {
    ...one,
    rows,
    facts: {
      ...noFacts,
      budgets: facts.budgets,
      queryType: facts.queryType,
      hitTokens: reading.has('hits') ? facts.hitTokens : {},
      learned: {
        weights: reading.has('weights') ? learned.weights : {},
        arms: reading.has('arms') ? learned.arms : {},
        explorationRatio: isLearning ? learned.explorationRatio : 0,
      },
      ...(reading.has('output_tokens') && facts.expectedOutputTokens !== undefined
        ? { expectedOutputTokens: facts.expectedOutputTokens }
        : {}),
    },
  };
}

/**
 * The laws that every strategy obeys. Each case is put to all of them at once, since cases cost
 * more than decisions; a failure names the strategies.
 */
export function describeStrategyLaws(...all: readonly Strategy[]): void {
  const none: readonly string[] = [];
  /** The strategies for which the law does not hold. */
  const breaking = (holds: (strategy: Strategy) => boolean): string[] =>
    all.filter((strategy) => !holds(strategy)).map(({ name }) => name);

  describe(`${all.length === 1 ? all[0]?.name : 'every strategy'} obeys the laws:`, () => {
    it('decides alike whatever the order of the backends', () => {
      const shuffled = aCase.chain((one) => {
        const some = withoutDoubles(one.rows);
        const other = fc.shuffledSubarray([...some], { minLength: some.length });
        return fc.tuple(fc.constant({ ...one, rows: some }), other);
      });
      const isAlike = (strategy: Strategy, one: Case, other: Case) =>
        JSON.stringify(decideOn(strategy, other)) === JSON.stringify(decideOn(strategy, one));
      fc.assert(
        fc.property(shuffled, ([one, rows]) => {
          expect(breaking((strategy) => isAlike(strategy, one, { ...one, rows }))).toEqual(none);
        }),
      );
    });

    it('decides alike whatever it does not say that it reads', () => {
      const isAlike = (strategy: Strategy, one: Case) => {
        const settings = { ...one.settings, minimumQuality: 0 };
        const before = decideOn(strategy, { ...one, settings });
        const after = decideOn(strategy, { ...onlyRead(strategy, one), settings });
        return chosenBy(before) === chosenBy(after);
      };
      fc.assert(
        fc.property(aCase, (one) => {
          expect(breaking((strategy) => isAlike(strategy, one))).toEqual(none);
        }),
      );
    });

    it('gives the same bytes for the same input, after a trip through JSON too', () => {
      const isSame = (strategy: Strategy, one: Case) => {
        const input = inputOf(strategy, one);
        const record = JSON.parse(JSON.stringify(recordOf(input, decide(input))));
        return replay(record, [strategy]).kind === 'same';
      };
      fc.assert(
        fc.property(aCase, (one) => {
          expect(breaking((strategy) => isSame(strategy, one))).toEqual(none);
        }),
      );
    });

    it('never routes to a backend that a filter leaves out', () => {
      fc.assert(
        fc.property(aCase, (one) => {
          expect(breaking((strategy) => routesToSurvivors(strategy, one))).toEqual(none);
        }),
      );
    });

    it('accounts for every backend once, and ranks the chosen one first', () => {
      fc.assert(
        fc.property(aCase, (one) => {
          expect(breaking((strategy) => accountsForAll(strategy, one))).toEqual(none);
        }),
      );
    });

    it('decides by itself, and throws nothing, whatever the numbers', () => {
      const isDecided = (strategy: Strategy, one: Case) =>
        !decideOn(strategy, one).warnings.some((each) => each.startsWith('strategy_failed'));
      fc.assert(
        fc.property(wildCase, (one) => {
          expect(breaking((strategy) => isDecided(strategy, one))).toEqual(none);
        }),
        { numRuns: 300 },
      );
    });
  });
}

function routesToSurvivors(strategy: Strategy, one: Case): boolean {
  const decision = decideOn(strategy, one);
  if (decision.kind !== 'route') return true;
  const out = new Set(decision.excluded.backendIds);
  return decision.ranked.every((id) => !out.has(id) && !isFiltered(one, id, decision));
}

function isFiltered(one: Case, id: string, decision: Decision & { kind: 'route' }): boolean {
  const row = snapshotOf(one.rows).backends.find((each) => each.id === id) as BackendRow;
  const { settings, facts } = one;
  const floor = decision.degraded ? 0 : settings.minimumQuality;
  const ask = askOf(one.job, one.nowMs, {
    facts,
    settings: { ...settings, minimumQuality: floor },
  });
  const isBack = decision.reason === 'reused' && one.job.triedTransient.includes(id);
  return filters.some(
    ({ reason, excludes }) => excludes(row, ask) && !(isBack && reason === 'already_tried'),
  );
}

function accountsForAll(strategy: Strategy, one: Case): boolean {
  const decision = decideOn(strategy, one);
  const all = snapshotOf(one.rows).backends.length;
  const out = decision.excluded.backendIds.length;
  if (decision.kind !== 'route') return out === all;
  const { ranked, survivorCount, backendId } = decision;
  return (
    survivorCount + out === all &&
    new Set(ranked).size === Math.min(survivorCount, rankedMax) &&
    ranked.length === new Set(ranked).size &&
    ranked[0] === backendId
  );
}

/** A scored set of `some` with these costs. */
export const setOf = (
  some: readonly BackendRow[],
  costsUsdMicros: readonly number[] = some.map(() => 0),
  more: Partial<ScoredSet> = {},
): ScoredSet => ({
  rows: some,
  costsUsdMicros,
  durationsMs: some.map(expectedDurationMs),
  job: makeJob(),
  facts: noFacts,
  settings: defaultSettings,
  nowMs,
  ...more,
});

/** The laws that every scorer obeys. */
export function describeScorerLaws(...all: readonly Scorer[]): void {
  const someRows = fc.array(usableRow, { minLength: 1 });
  const none: readonly string[] = [];
  const breaking = (holds: (scorer: Scorer) => boolean): string[] =>
    all.filter((scorer) => !holds(scorer)).map(({ name }) => name);
  const areRatings = (ratings: readonly number[], count: number) =>
    ratings.length === count && ratings.every((each) => each >= 0 && each <= 1);

  describe('every scorer obeys the laws:', () => {
    it('rates each backend from 0 to 1', () => {
      fc.assert(
        fc.property(someRows, fc.array(fc.nat(), { minLength: 9, maxLength: 9 }), (some, costs) => {
          const set = setOf(
            some,
            some.map((_, at) => costs[at % 9] as number),
          );
          expect(breaking(({ score }) => areRatings(score(set), some.length))).toEqual(none);
        }),
      );
    });

    it('never rates the cheaper of two otherwise equal backends lower', () => {
      fc.assert(
        fc.property(usableRow, fc.nat(), fc.nat(), someRows, (row, costA, costB, others) => {
          const costs = [Math.min(costA, costB), Math.max(costA, costB), ...others.map(() => 5)];
          const set = setOf([row, row, ...others], costs);
          const isFair = ({ score }: Scorer) => {
            const [cheap, dear] = score(set) as [number, number];
            return cheap >= dear;
          };
          expect(breaking(isFair)).toEqual(none);
        }),
      );
    });

    it('rates by what it says it measured', () => {
      fc.assert(
        fc.property(someRows, (some) => {
          const set = setOf(some);
          const isSame = ({ score, measure }: Scorer) =>
            String(score(set, measure?.(set))) === String(score(set));
          expect(breaking(isSame)).toEqual(none);
        }),
      );
    });
  });
}
