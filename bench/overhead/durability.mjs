// Asserts, on the Switchyard that is measured, that the durable path is on: nothing is skipped for
// speed.
import assert from 'node:assert/strict';
import { Bus } from '@switchyard/bus';

/**
 * Holds one call at the backend and reads the streams meanwhile: the submission is stored, the cell
 * says running; and once the answer is here, the cell holds the outcome.
 */
export async function assertDurable(switchyard, fakeUrl) {
  const bus = await Bus.connect({ url: switchyard.natsUrl, name: 'bench' });
  try {
    const fault = (all) =>
      fetch(`${fakeUrl}/__fake/faults`, {
        method: 'POST',
        body: JSON.stringify(all ? { all } : {}),
      });
    await fault({ kind: 'slow', delayMs: 500 });
    const before = await storedJobs(bus);
    const answer = fetch(`${switchyard.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'bench-model', messages: [{ role: 'user', content: 'x' }] }),
    });
    await new Promise((resolve) => setTimeout(resolve, 250));
    assert.ok((await storedJobs(bus)) > before, 'the job is stored before the call');
    const running = await onlyRunning(bus);
    assert.equal(running?.status, 'running', 'the start is in the state cell before the answer');
    const response = await answer;
    const jobId = response.headers.get('x-switchyard-job');
    const { cell } = await bus.cells.read(jobId);
    assert.equal(
      cell.status,
      'succeeded',
      'the outcome is in the state cell when the answer is here',
    );
    await fault();
  } finally {
    await bus.drain();
  }
}

/** Messages that hold a whole job: submissions, and dispatches, all that some jobs need. */
async function storedJobs(bus) {
  const states = await Promise.all(['JOBS', 'DISPATCH'].map((name) => bus.streamState(name)));
  return states.reduce((sum, { lastSeq }) => sum + lastSeq, 0);
}

async function onlyRunning(bus) {
  const dispatches = Object.keys(await bus.subjectsIn('DISPATCH', 'dispatch.>'));
  assert.equal(dispatches.length, 1, 'one slot is occupied');
  const dispatch = await bus.readLast('DISPATCH', dispatches[0]);
  const { job } = JSON.parse(Buffer.from(dispatch.data).toString('utf8'));
  return (await bus.cells.read(job.id))?.cell;
}
