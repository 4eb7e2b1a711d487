import { claim } from './claim.js';
import {
  isTerminalState,
  type JobEvent,
  type JobState,
  next,
  terminalStates,
  transitions,
} from './transitions.js';

const states = Object.keys(transitions) as JobState[];

describe('the table of transitions', () => {
  it('lets a claim start and take over from where the table does, and nowhere else', () => {
    const ways = states.flatMap((status) =>
      [7, 8].map((dispatchSeq) => {
        const dispatch = { attemptNo: 1, dispatchSeq, attemptsMax: 3, resume: undefined };
        const cell = { status, attemptNo: 1, dispatchSeq: 7, retry: { attemptNo: 1 } };
        const { kind } = claim(dispatch, status === 'none' ? undefined : cell);
        const isBegun = kind === 'start' || kind === 'takeOver';
        return isBegun ? `${status} ${kind} ${next(status, kind)}` : kind;
      }),
    );
    expect(new Set(ways)).toEqual(
      new Set([
        'none start running',
        'submitted start running',
        'running takeOver running',
        'retrying start running',
        'resendRetry',
        'resendOutcome',
        'drop',
      ]),
    );
  });

  it('leads from every state that is not terminal to every terminal one but a success', () => {
    for (const state of states.filter((each) => !isTerminalState(each))) {
      const ends = Object.values(transitions[state]).filter(isTerminalState);
      expect(ends).toEqual(expect.arrayContaining(['failed', 'canceled', 'expired']));
      expect(ends.includes('succeeded')).toBe(state === 'running');
    }
  });

  it('reaches every state from none', () => {
    const reached = new Set<JobState>(['none']);
    for (let before = 0; before < reached.size; ) {
      before = reached.size;
      for (const state of [...reached])
        for (const to of Object.values(transitions[state])) reached.add(to);
    }
    expect([...reached].sort()).toEqual([...states].sort());
  });

  it.each(terminalStates)('has no way out of %s', (state) => {
    expect({ ways: transitions[state], isTerminal: isTerminalState(state) }).toEqual({
      ways: {},
      isTerminal: true,
    });
  });

  it.each<[JobState, JobEvent, JobState | undefined]>([
    ['none', 'submit', 'submitted'],
    ['none', 'start', 'running'],
    ['none', 'takeOver', undefined],
    ['none', 'succeed', undefined],
    ['none', 'retry', 'retrying'],
    ['none', 'withdraw', undefined],
    ['submitted', 'submit', undefined],
    ['submitted', 'cancel', 'canceled'],
    ['submitted', 'retry', 'retrying'],
    ['running', 'start', undefined],
    ['running', 'takeOver', 'running'],
    ['running', 'retry', 'retrying'],
    ['running', 'withdraw', 'submitted'],
    ['retrying', 'start', 'running'],
    ['retrying', 'retry', 'retrying'],
    ['retrying', 'succeed', undefined],
    ['succeeded', 'cancel', undefined],
    ['canceled', 'succeed', undefined],
  ])('%s on %s leads to %s', (state, event, to) => {
    expect(next(state, event)).toBe(to);
  });
});
