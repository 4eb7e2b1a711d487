import { EventEmitter } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { Bus, ReadCell } from '@switchyard/bus';
import type { WireCell } from '@switchyard/contracts';
import { AppError, silentLog } from '@switchyard/domain';
import { noTracing } from '@switchyard/telemetry';
import type { Cancellation } from './cancellation.js';
import { Patience } from './patience.js';
import type { GatewaySettings } from './settings.js';
import type { Ask, Submission } from './submission.js';
import { Waiters } from './waiters.js';

const outcome: WireCell = {
  status: 'succeeded',
  bodyHash: 'of the first',
  outcome: { status: 'succeeded' },
};
const ask: Ask = {
  account: 'team-a',
  dialect: 'openai.chat',
  model: 'm',
  bodyText: '{}',
  priority: 5,
  stream: false,
  hasWaiter: true,
  hops: 0,
};

/** Somebody who waits, a submission that ends when the test says so, and outcomes that are told. */
function wait(idempotencyKey: string | undefined, bodyHash: string) {
  const bus = { listen: () => () => {}, onStatus: () => () => {}, isConnected: true };
  const waiters = new Waiters({ bus: bus as unknown as Bus, log: silentLog, now: () => 0 });
  let stored: (known?: ReadCell) => void = () => {};
  let refused: (error: AppError) => void = () => {};
  const submission = {
    isOf: (cell: WireCell) => cell.bodyHash === bodyHash,
    submit: () =>
      new Promise<ReadCell | undefined>((resolve, reject) => {
        [stored, refused] = [resolve, reject];
      }),
  };
  const patience = new Patience({
    submission: submission as unknown as Submission,
    waiters,
    cancellation: {} as Cancellation,
    settings: { queueTimeoutMs: 30_000 } as GatewaySettings,
    log: silentLog,
    tracing: noTracing,
    graceMs: 0,
  });
  const raw = new EventEmitter() as unknown as ServerResponse;
  const answer = patience.outcomeOf('k1', { ...ask, idempotencyKey }, raw);
  waiters.close();
  return { answer, waiters, stored, refused };
}

describe('an outcome that is told while its submission is under way', () => {
  it('is not given to another request under the same key', async () => {
    const { answer, waiters, refused } = wait('same', 'of another');
    waiters.settle('k1', outcome);
    refused(new AppError('conflict', 'used before'));
    await expect(answer).rejects.toMatchObject({ code: 'conflict' });
  });

  it('is given to the same request at once', async () => {
    const { answer, waiters } = wait('same', 'of the first');
    waiters.settle('k1', outcome);
    expect(await answer).toBe(outcome);
  });

  it('is given, where it names no request, as soon as the key is known to be ours', async () => {
    const { answer, waiters, stored } = wait('same', 'of the first');
    const unnamed = { ...outcome, bodyHash: undefined };
    waiters.settle('k1', unnamed);
    stored();
    expect(await answer).toBe(unnamed);
  });

  it('is given at once where there is no key', async () => {
    const { answer, waiters } = wait(undefined, 'none');
    waiters.settle('k1', outcome);
    expect(await answer).toBe(outcome);
  });
});
