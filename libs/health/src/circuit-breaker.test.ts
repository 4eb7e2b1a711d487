import fc from 'fast-check';
import { breakerMoves, mayEject } from './breaker-rules.js';
import {
  admitTrial,
  advanceBreaker,
  type Breaker,
  closedBreaker,
  defaultBreakerSettings,
  foldOutcome,
  forceOpen,
  resetBreaker,
} from './circuit-breaker.js';

const settings = { ...defaultBreakerSettings, expectedDurationMs: 100 };
const codes = {
  f: 'upstream_unreachable',
  s: 'upstream_error',
  t: 'upstream_timeout',
  r: 'rate_limited',
  i: 'invalid_request',
  m: 'upstream_model_missing',
  c: 'upstream_unauthorized',
  o: undefined,
  l: undefined,
} as const;
type Letter = keyof typeof codes;

const at = (nowMs: number, unit = 0.5) => ({ nowMs, unit });
/** Folds letters: o ok, l slow, f unreachable, s server error, t timeout, r 429, c refused key. */
const fold = (letters: string, from: Breaker = closedBreaker, moment = at(0)): Breaker =>
  letters.split('').reduce((breaker, letter) => {
    const outcome = {
      failureCode: codes[letter as Letter],
      durationMs: letter === 'l' ? 301 : 100,
    };
    return foldOutcome(breaker, outcome, { settings, moment });
  }, from);
const halfOpen = () => advanceBreaker(fold('fffff'), settings, at(60_000));
const admit = (breaker: Breaker, id: string, admittedAtMs = 60_000) =>
  admitTrial(breaker, settings, { id, admittedAtMs });
const end = (breaker: Breaker, trialId: string, letter: Letter = 'o') =>
  foldOutcome(
    breaker,
    { failureCode: codes[letter], durationMs: 5, trialId },
    { settings, moment: at(61_000) },
  );

describe('a closed breaker', () => {
  it.each([
    ['ffff', 'closed', ''],
    ['ffffoffff', 'closed', ''],
    ['ffffofffff', 'open', 'failures_in_a_row'],
    ['fffff', 'open', 'failures_in_a_row'],
    ['tt', 'closed', ''],
    ['ttt', 'open', 'timeouts_in_a_row'],
    ['ftt', 'open', 'failures_in_a_row'],
    ['ttf', 'closed', ''],
    ['fss', 'closed', ''],
    ['ssss', 'open', 'failures_in_a_row'],
    ['sss', 'closed', ''],
    ['rrrrrrrrrr', 'closed', ''],
    ['iiiiimmmmm', 'closed', ''],
    ['ffffrf', 'open', 'failures_in_a_row'],
    ['c', 'open', 'config_error'],
    ['fo'.repeat(10), 'closed', ''],
    ['ffo'.repeat(6) + 'ff', 'open', 'failure_ratio'],
    ['lllllllll', 'closed', ''],
    ['llllllllll', 'open', 'too_slow'],
  ])('after %s it is %s (%s)', (letters, state, reason) => {
    expect(fold(letters)).toMatchObject({ state, reason });
  });

  it('stays closed where too many others are open, but for a refused key', () => {
    const moment = { ...at(0), mayOpen: false };
    expect(fold('ffffffff', closedBreaker, moment)).toMatchObject({
      state: 'closed',
      consecutiveFailures: 8,
    });
    expect(fold('c', closedBreaker, moment).state).toBe('open');
    expect(fold('f', fold('ffffffff', closedBreaker, moment)).state).toBe('open');
  });
});

describe('an open breaker', () => {
  it.each([
    ['fffff', 0.5, 60_000],
    ['fffff', 0, 48_000],
    ['ssss', 0.5, 90_000],
    ['ttt', 0.5, 120_000],
  ])('after %s and a draw of %d opens for %d ms, then tries', (letters, unit, openMs) => {
    const open = fold(letters, closedBreaker, at(0, unit));
    expect(open.openUntilMs).toBe(openMs);
    expect(advanceBreaker(open, settings, at(openMs - 1)).state).toBe('open');
    expect(advanceBreaker(open, settings, at(openMs)).state).toBe('halfOpen');
    expect(admit(open, 'a').isAdmitted).toBe(false);
    expect(fold('oooooooooo', open)).toBe(open);
  });

  it('stays open where it was forced, until it is reset', () => {
    const forced = forceOpen(closedBreaker, 5);
    expect(advanceBreaker(forced, settings, at(9_999_999)).state).toBe('open');
    expect(resetBreaker(forced, 7)).toEqual({
      ...closedBreaker,
      reason: 'reset',
      changedAtMs: 7,
    });
  });
});

describe('a half-open breaker', () => {
  const admitted = (count: number) => {
    let breaker = halfOpen();
    const answers = Array.from({ length: count }, (_, index) => {
      const asked = admit(breaker, `t${index}`);
      breaker = asked.breaker;
      return asked.isAdmitted;
    });
    return { breaker, answers };
  };

  it('admits three of four at once, before any has ended', () => {
    expect(admitted(4).answers).toEqual([true, true, true, false]);
  });

  it('closes after all three and forgets what it counted', () => {
    const closed = ['t0', 't1', 't2'].reduce((b, id) => end(b, id), admitted(3).breaker);
    expect(closed).toEqual({
      ...closedBreaker,
      reason: 'trials_succeeded',
      changedAtMs: 61_000,
    });
  });

  it('admits no fourth after one succeeded', () => {
    expect(admit(end(admitted(3).breaker, 't0'), 't3').isAdmitted).toBe(false);
  });

  it.each(['f', 's', 't', 'c'] as const)('opens again at the first %s', (letter) => {
    const open = end(end(admitted(3).breaker, 't0'), 't1', letter);
    expect(open.state).toBe('open');
    expect(open.openUntilMs).toBeGreaterThan(61_000);
  });

  it('gives the permit of a trial back that says nothing of the backend', () => {
    const { breaker } = admitted(3);
    expect(admit(end(breaker, 't0', 'r'), 't3').isAdmitted).toBe(true);
  });

  it('hears nobody who has no permit', () => {
    const breaker = halfOpen();
    expect(fold('ofts', breaker)).toBe(breaker);
    expect(end(breaker, 'stranger', 'f')).toBe(breaker);
  });

  it('opens where a permit is not heard of again', () => {
    const { breaker } = admitted(1);
    expect(advanceBreaker(breaker, settings, at(95_000))).toBe(breaker);
    expect(advanceBreaker(breaker, settings, at(95_001))).toMatchObject({
      state: 'open',
      reason: 'trial_lost',
    });
  });
});

describe('the table of moves', () => {
  it('reaches every state from every state', () => {
    const moves = Object.values(breakerMoves).flatMap(({ from, to }) =>
      from.map((state) => `${state}>${to}`),
    );
    const wanted = ['closed>open', 'open>halfOpen', 'halfOpen>open', 'halfOpen>closed'];
    expect(wanted.filter((move) => !moves.includes(move))).toEqual([]);
    expect(moves).not.toContain('closed>halfOpen');
  });
});

describe('the cap', () => {
  it.each([
    [0, 1, true],
    [1, 1, false],
    [1, 2, false],
    [1, 3, false],
    [1, 4, true],
    [2, 4, false],
    [4, 10, true],
    [5, 10, false],
  ])('with %d open of %d: %s', (open, all, may) => {
    expect(mayEject({ open, all })).toBe(may);
  });
});

describe('whatever happens', () => {
  const step = fc.oneof(
    fc.constantFrom(...(Object.keys(codes) as Letter[])).map((letter) => ({ letter })),
    fc.integer({ min: 1, max: 100_000 }).map((passMs) => ({ passMs })),
    fc.constant({ admits: true }),
  );
  it('admits at most three permits a time, moves by the table, and keeps bounded rings', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        let breaker: Breaker = closedBreaker;
        let nowMs = 1;
        for (const [index, now] of steps.entries()) {
          const before = breaker;
          if ('passMs' in now) {
            nowMs += now.passMs;
            breaker = advanceBreaker(breaker, settings, at(nowMs));
          } else if ('letter' in now) {
            const trialId = breaker.trials.pending[0]?.id;
            const outcome = { failureCode: codes[now.letter], durationMs: 100, trialId };
            breaker = foldOutcome(breaker, outcome, { settings, moment: at(nowMs) });
          } else {
            breaker = admit(breaker, `t${index}`, nowMs).breaker;
          }
          const { pending, succeeded } = breaker.trials;
          expect(pending.length + succeeded).toBeLessThanOrEqual(3);
          expect(breaker.outcomes.length).toBeLessThanOrEqual(100);
          expect(breaker.durationsMs.length).toBeLessThanOrEqual(50);
          const isLegal =
            breaker.state === before.state ||
            (breaker.reason !== '' && breakerMoves[breaker.reason].to === breaker.state);
          expect(isLegal).toBe(true);
        }
      }),
      { numRuns: 100 },
    );
  });
});
