import { Outcomes } from '@switchyard/testing';
import type { Context } from '../context.js';
import { GatewayApi } from '../gateway-api.js';
import { runChaos } from './chaos.js';
import { rowOf } from './fault.js';

const fault = { row: '2', fault: 'kill -9' };

/** A context whose gateway nobody answers at: whatever is sent there would fail. */
function contextFor() {
  const told: string[] = [];
  const terminal = {
    isJson: false,
    isInteractive: false,
    write: () => {},
    out: (line: string) => void told.push(line),
    note: (line: string) => void told.push(line),
    readInput: async () => '',
  };
  const api = new GatewayApi({ url: 'http://127.0.0.1:9', apiKey: undefined });
  return { told, context: { terminal, api, env: {} } as Context };
}

describe('the row of a fault', () => {
  const outcomesOf = (...statuses: readonly string[]) => {
    const outcomes = new Outcomes();
    statuses.forEach((status, at) => {
      outcomes.accept(`job-${at}`);
      if (status) outcomes.see(`job-${at}`, { status, outcome: {} });
    });
    return outcomes;
  };

  it.each([
    ['a lost job', outcomesOf('succeeded', ''), {}, false],
    ['a failed job', outcomesOf('failed'), {}, false],
    ['a job that fails because that is the fault', outcomesOf('failed'), { failedOf: 1 }, true],
    ['an expired job', outcomesOf('expired'), {}, false],
    ['all done, and not what it must reach', outcomesOf('succeeded'), { isReached: false }, false],
    ['all done', outcomesOf('succeeded', 'canceled'), {}, true],
  ])('with %s', (_what, outcomes, shown, isPassed) => {
    expect(rowOf(fault, outcomes, { isReached: true, ...shown }).isPassed).toBe(isPassed);
  });

  it('counts a cell that is seen again once', () => {
    const outcomes = outcomesOf('');
    const ended = { status: 'succeeded', updatedAtMs: 7, outcome: {} };
    outcomes.see('job-0', ended);
    outcomes.see('job-0', ended);
    expect(rowOf(fault, outcomes, { isReached: true })).toMatchObject({ chargedTwice: 0 });
    outcomes.see('job-0', { ...ended, updatedAtMs: 8 });
    expect(rowOf(fault, outcomes, { isReached: true })).toMatchObject({ chargedTwice: 1 });
  });

  it('counts a job with two different outcomes, and each that was written beyond the first', () => {
    const outcomes = outcomesOf('succeeded');
    outcomes.see('job-0', { status: 'failed', outcome: { reason: 'x' } as never });
    expect(rowOf(fault, outcomes, { isReached: true })).toMatchObject({
      duplicated: 1,
      chargedTwice: 1,
      isPassed: false,
    });
  });
});

describe('switchyard chaos on a Switchyard that is not its own', () => {
  it('sends nothing without --yes where nobody can be asked', async () => {
    const { context, told } = contextFor();
    const running = runChaos(context, { url: 'http://127.0.0.1:9', model: 'm' });
    await expect(running).rejects.toThrow(/this would send 3 kinds of requests/);
    expect(told).toEqual([]);
  });

  it('breaks nothing there, whatever is asked for', async () => {
    const { context } = contextFor();
    const options = { url: 'http://127.0.0.1:9', model: 'm', yes: true, only: ['2', '3', '14'] };
    await expect(runChaos(context, options)).rejects.toThrow(/none of these rows can be tried/);
  });
});
