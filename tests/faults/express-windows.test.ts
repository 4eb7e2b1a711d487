import type { FaultPoint } from '@switchyard/domain';
import { configFor } from './oracle.js';
import { Scene } from './scene.js';

const jobs = 10;

/**
 * The windows that only jobs past the submission stream have: everything is in one process, every
 * job finds a free slot, and the process stops itself by SIGKILL at the third job that gets there.
 */
const windows: readonly FaultPoint[] = [
  'executor.claimedEarly',
  'router.dispatched',
  'executor.outcomeWritten',
];

describe('the crash window of the express lane', () => {
  it.concurrent.each(windows)(
    'after %s loses no job that was answered for, and ends each once',
    (faultPoint) =>
      Scene.with(async (scene) => {
        const fake = await scene.fake();
        const processes = await scene.openServer(configFor(fake.url, 4 * jobs));
        const victim = await processes.start('standalone', { faultPoint: `${faultPoint}@3` });
        const oracle = await scene.openOracle();
        const submitted = oracle.submitTasks(jobs, processes.apiUrl);
        expect(await victim.exited).toBe('SIGKILL');
        await submitted;
        const before = (await oracle.client.bus.streamState('JOBS')).lastSeq;
        const callsBefore = fake.counts.calls;
        const endedBefore = oracle.ended;
        await processes.start('standalone');
        await oracle.submitTasks(jobs, processes.apiUrl);
        const { lost, twice, chargedTwice, accepted, byStatus } = await oracle.count(60_000);
        expect({ lost, twice, chargedTwice, byStatus }).toEqual({
          lost: 0,
          twice: 0,
          chargedTwice: 0,
          byStatus: { succeeded: accepted },
        });
        expect(accepted).toBeGreaterThanOrEqual(jobs);
        // What had not ended is called once more; none was stored as a submission.
        expect(fake.counts.calls - callsBefore).toBeLessThanOrEqual(2 * jobs - endedBefore);
        expect(before).toBe(0);
      }),
    300_000,
  );
});
