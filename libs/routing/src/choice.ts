import type { Component } from './component.js';
import type { DecisionInput } from './decision-input.js';
import { fallbackOf } from './fallback.js';
import type { Field } from './field.js';
import { noFacts } from './job-facts.js';
import { type PickerInput, rankedMax, withFirst } from './picker.js';
import { rate } from './rating.js';
import type { Turns } from './snapshot.js';
import type { Strategy } from './strategy.js';

/** What a strategy made of the field, and which one it was in the end. */
export type Choice = {
  readonly strategy: Strategy;
  /** Positions in the field, the chosen one first: one or more. */
  readonly order: readonly number[];
  readonly points: readonly number[];
  readonly components: readonly Component[];
  readonly warnings: string[];
  readonly nextTurns: Turns | undefined;
};

/**
 * Lets the strategy rate and pick; where it throws or picks who may not be taken, its fallback, and
 * at last the first survivor. Each that failed is named in the warnings, `strategy_failed:<name>`.
 */
export function chooseFrom(input: DecisionInput, field: Field): Choice {
  const failed: string[] = [];
  let strategy: Strategy | undefined = input.strategy;
  while (strategy !== undefined) {
    try {
      const choice = chooseBy(strategy, input, field);
      if (failed.length > 0) choice.warnings.push(...failed);
      return choice;
    } catch {
      failed.push(`strategy_failed:${strategy.name}`);
      strategy = fallbackOf(strategy);
    }
  }
  return {
    strategy: input.strategy,
    order: field.survivors.slice(0, rankedMax),
    points: field.rows.map(() => 0),
    components: [],
    warnings: failed,
    nextTurns: undefined,
  };
}

const noTurns: Turns = {};

function chooseBy(strategy: Strategy, input: DecisionInput, field: Field): Choice {
  const { job, snapshot, nowMs, seed, facts = noFacts } = input;
  const { rows, costsUsdMicros, durationsMs, survivors, preferred } = field;
  const { settings } = snapshot;
  const set = { rows, costsUsdMicros, durationsMs, job, facts, settings, nowMs };
  const { components, points, warnings, measures } = rate(strategy, set);
  const { picker, tieBreak, precedence } = strategy;
  const pick: PickerInput = {
    rows,
    points,
    survivors,
    tieBreak,
    precedence: precedence === undefined ? undefined : rows.map((row) => precedence(row, set)),
    measures,
    lastChosenId: snapshot.cursors[job.kind],
    turns: snapshot.turns[job.kind] ?? noTurns,
    seed,
    set,
  };
  const order = picker.order(pick);
  const chosen = order[0];
  if (chosen === undefined || !survivors.includes(chosen)) throw new RangeError(picker.name);
  // A backend that the caller asked for has no turn to pay.
  const nextTurns = preferred < 0 ? picker.nextTurns?.(pick, chosen) : undefined;
  return {
    strategy,
    order: preferred < 0 ? order : withFirst(preferred, order),
    points,
    components,
    warnings,
    nextTurns,
  };
}
