import type { FaultPoint } from '@switchyard/domain';
import { configFor } from './oracle.js';
import type { ServiceName } from './processes.js';
import { Scene } from './scene.js';

const jobs = 10;

/**
 * The process stops itself by SIGKILL exactly between two steps of a job's life, at the third job
 * that gets there, and is started again. `callsMax`: what the backend may see at most; an attempt
 * cut off in its middle is made again.
 */
const windows: readonly [
  FaultPoint,
  ServiceName,
  { readonly fails: boolean; readonly callsMax: number },
][] = [
  ['router.dispatched', 'router', { fails: false, callsMax: jobs }],
  ['router.acknowledged', 'router', { fails: false, callsMax: jobs }],
  ['executor.claimed', 'executor-openai-compatible', { fails: false, callsMax: jobs + 4 }],
  ['executor.called', 'executor-openai-compatible', { fails: false, callsMax: jobs + 4 }],
  ['executor.outcomeWritten', 'executor-openai-compatible', { fails: false, callsMax: jobs + 4 }],
  [
    'executor.retryingWritten',
    'executor-openai-compatible',
    { fails: true, callsMax: 2 * jobs + 4 },
  ],
  [
    'executor.retryPublished',
    'executor-openai-compatible',
    { fails: true, callsMax: 2 * jobs + 4 },
  ],
];

describe('the crash window', () => {
  // Side by side, since most of each is waiting: for the takeover of what the dead one had.
  it.concurrent.each(windows)(
    'after %s of the %s loses no job, ends each once and calls no more than it must',
    (faultPoint, name, { fails, callsMax }) =>
      Scene.with(async (scene) => {
        // Where the window is in a retry, the first call of every job fails.
        const at = Object.fromEntries(
          Array.from({ length: jobs }, (_, index) => [index, { kind: 'status', status: 500 }]),
        );
        const fake = await scene.fake({ faults: fails ? { at: at as never } : {} });
        const processes = await scene.openServer(configFor(fake.url, 4));
        const other = name === 'router' ? 'executor-openai-compatible' : 'router';
        const [victim] = await Promise.all([
          processes.start(name, { faultPoint: `${faultPoint}@3` }),
          processes.start(other),
        ]);
        const oracle = await scene.openOracle();
        await oracle.submit(jobs);
        expect(await victim.exited).toBe('SIGKILL');
        await processes.start(name);
        const { lost, twice, chargedTwice, accepted } = await oracle.count(60_000);
        expect({ lost, twice, chargedTwice, accepted }).toEqual({
          lost: 0,
          twice: 0,
          chargedTwice: 0,
          accepted: jobs,
        });
        expect(fake.counts.calls).toBeLessThanOrEqual(callsMax);
      }),
    300_000,
  );
});
