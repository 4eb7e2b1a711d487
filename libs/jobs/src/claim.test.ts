import { type CellView, claim, type DispatchView } from './claim.js';

const dispatch = (changes: Partial<DispatchView> = {}): DispatchView => ({
  attemptNo: 1,
  dispatchSeq: 7,
  attemptsMax: 3,
  resume: undefined,
  ...changes,
});

describe('claim', () => {
  it.each<[string, Partial<DispatchView>, CellView | undefined, object]>([
    ['starts where there is no cell', {}, undefined, { kind: 'start' }],
    [
      'starts where the cell only remembers the key',
      {},
      { status: 'submitted' },
      { kind: 'start' },
    ],
    ['drops a second attempt without a cell', { attemptNo: 2 }, undefined, { kind: 'drop' }],
    [
      'drops where another dispatch runs',
      {},
      { status: 'running', dispatchSeq: 8 },
      { kind: 'drop' },
    ],
    [
      'drops where another dispatch ended',
      {},
      { status: 'succeeded', dispatchSeq: 8 },
      { kind: 'drop' },
    ],
    ['drops a job cancelled while it waited', {}, { status: 'canceled' }, { kind: 'drop' }],
    [
      'starts the attempt a retry promises',
      { attemptNo: 2 },
      { status: 'retrying', dispatchSeq: 3, retry: { attemptNo: 2 } },
      { kind: 'start' },
    ],
    [
      'drops an attempt that a retry has left behind',
      { attemptNo: 2 },
      { status: 'retrying', dispatchSeq: 3, retry: { attemptNo: 3 } },
      { kind: 'drop' },
    ],
    [
      'repeats its own retry',
      {},
      { status: 'retrying', dispatchSeq: 7, retry: { attemptNo: 2 } },
      { kind: 'resendRetry' },
    ],
    [
      'tells its own outcome again',
      {},
      { status: 'failed', dispatchSeq: 7 },
      { kind: 'resendOutcome' },
    ],
    [
      'takes over as the next attempt',
      {},
      { status: 'running', dispatchSeq: 7, attemptNo: 1 },
      { kind: 'takeOver', attemptNo: 2 },
    ],
    [
      'takes over for the last time',
      {},
      { status: 'running', dispatchSeq: 7, attemptNo: 2 },
      { kind: 'takeOver', attemptNo: 3 },
    ],
    [
      'ends a job whose executors all died',
      {},
      { status: 'running', dispatchSeq: 7, attemptNo: 3 },
      { kind: 'exhaust' },
    ],
    [
      'obeys a cancel nobody could obey',
      {},
      { status: 'running', dispatchSeq: 7, cancelRequested: true },
      { kind: 'cancel' },
    ],
    [
      'does not repeat a stream in silence',
      {},
      { status: 'running', dispatchSeq: 7, streamed: true },
      { kind: 'interrupt' },
    ],
    [
      'restarts a stream that allows it',
      { resume: 'restart' },
      { status: 'running', dispatchSeq: 7, streamed: true, attemptNo: 1 },
      { kind: 'takeOver', attemptNo: 2 },
    ],
  ])('%s', (_behaviour, changes, cell, expected) => {
    expect(claim(dispatch(changes), cell)).toEqual(expected);
  });
});
