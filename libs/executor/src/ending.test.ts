import { noTracing } from '@switchyard/telemetry';
import { Attempt } from './attempt.js';
import type { Cell } from './cell-forms.js';
import { Ending } from './ending.js';
import { contextBeside } from './testing/context-beside.js';

/** An attempt whose caller cancels it while `at` happens, and what its cell says in the end. */
function cancelledAt(at: 'before' | 'deadLetter') {
  const cell = { jobId: 'job', status: 'running', attemptNo: 1, executorId: 'ours' } as Cell;
  const facts = { dispatch: { job: { id: 'job' } }, dispatchSeq: 7, held: {}, receipt: 'receipt' };
  const span = noTracing.open('', {});
  const given = { ...facts, cell, cellSeq: 1, startedMonoMs: 0, span };
  const attempt = new Attempt(given as never);
  // As a renewal reads it.
  const hear = () => attempt.wrote({ ...cell, cancelRequested: true }, 2);
  const written: (string | undefined)[] = [];
  const bus = {
    cells: {
      write: async ({ status }: Cell, expectedSeq: number) => {
        written.push(status);
        return { kind: 'written', seq: expectedSeq + 1 };
      },
    },
    publish: async (subject: string) => {
      if (at === 'deadLetter' && subject.startsWith('dead.')) hear();
      return { kind: 'stored', seq: 1, isDuplicate: false };
    },
    tell() {},
    emitMessageNear() {},
  };
  if (at === 'before') hear();
  return { attempt, ending: new Ending(contextBeside(bus)), written };
}

describe('an attempt whose caller cancelled it just before its end', () => {
  it.each([
    ['is not tried again', 'upstream_error', 'before'],
    ['is not failed', 'invalid_request', 'before'],
    ['is not failed while its dead letter is stored', 'invalid_request', 'deadLetter'],
  ] as const)('%s', async (_what, code, at) => {
    const { attempt, ending, written } = cancelledAt(at);
    await ending.fail(attempt, { code, message: 'broken' });
    expect(written).toEqual(['canceled']);
  });

  it('does not succeed', async () => {
    const { attempt, ending, written } = cancelledAt('before');
    await ending.conclude(attempt, { status: 'succeeded' });
    expect(written).toEqual(['canceled']);
  });
});
