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
    ['submitted', 'submit', undefined],
    ['submitted', 'cancel', 'canceled'],
    ['running', 'start', undefined],
    ['running', 'takeOver', 'running'],
    ['running', 'retry', 'retrying'],
    ['retrying', 'start', 'running'],
    ['retrying', 'succeed', undefined],
    ['succeeded', 'cancel', undefined],
    ['canceled', 'succeed', undefined],
  ])('%s on %s leads to %s', (state, event, to) => {
    expect(next(state, event)).toBe(to);
  });
});
