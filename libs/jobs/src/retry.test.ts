import { failures, type FailureCode } from '@switchyard/domain';
import { afterFailure, type FailedAttempt } from './retry.js';

const policy = { attemptsMax: 3, delaysMs: [1_000, 3_000] };
const failed = (changes: Partial<FailedAttempt> = {}): FailedAttempt => ({
  attemptNo: 1,
  kind: 'chat',
  code: 'upstream_error',
  isStreamed: false,
  resume: undefined,
  deadlineAtMs: undefined,
  ...changes,
});
const retry = (attemptNo: number, notBeforeMs: number, isTransient = true) => ({
  kind: 'retry',
  attemptNo,
  notBeforeMs,
  isTransient,
});
const giveUp = (code: FailureCode) => ({ kind: 'giveUp', code });

describe('afterFailure', () => {
  it.each<[string, Partial<FailedAttempt>, object]>([
    ['waits 1 s before the second attempt', {}, retry(2, 11_000)],
    ['waits 3 s before the third', { attemptNo: 2 }, retry(3, 13_000)],
    ['never makes a fourth', { attemptNo: 3 }, giveUp('upstream_error')],
    [
      'does not retry what was refused as invalid',
      { code: 'invalid_request' },
      giveUp('invalid_request'),
    ],
    ['does not retry a cancelled job', { code: 'cancelled' }, giveUp('cancelled')],
    ['does not retry once a chunk has left', { isStreamed: true }, giveUp('stream_interrupted')],
    [
      'restarts a broken stream that allows it',
      { isStreamed: true, resume: 'restart' },
      retry(2, 11_000),
    ],
    ['repeats a chat that timed out', { code: 'upstream_timeout' }, retry(2, 11_000)],
    [
      'does not repeat a video that timed out',
      { code: 'upstream_timeout', kind: 'video' },
      giveUp('upstream_timeout'),
    ],
    ['does not start after the deadline', { deadlineAtMs: 10_999 }, giveUp('deadline_exceeded')],
    ['starts exactly at the deadline', { deadlineAtMs: 11_000 }, retry(2, 11_000)],
    [
      'goes elsewhere for good where the key is refused',
      { code: 'upstream_unauthorized' },
      retry(2, 11_000, false),
    ],
    [
      'goes elsewhere for good where the model is missing',
      { code: 'upstream_model_missing' },
      retry(2, 11_000, false),
    ],
  ])('%s', (_behaviour, changes, expected) => {
    expect(afterFailure(failed(changes), policy, 10_000)).toEqual(expected);
  });

  it('retries exactly the codes that the table calls retryable', () => {
    const retried = (Object.keys(failures) as FailureCode[]).filter(
      (code) => afterFailure(failed({ code }), policy, 0).kind === 'retry',
    );
    const expected = (Object.keys(failures) as FailureCode[]).filter(
      (code) => failures[code].retryable,
    );
    expect(retried.filter((code) => code !== 'stream_interrupted')).toEqual(expected);
  });
});
