import { withPatience } from './patience.js';

const named = (name: string, message: string) => Object.assign(new Error(message), { name });
const coded = (code: number, message: string) => Object.assign(new Error(message), { code });

/** A step that fails with these, one after the other, and then is done. */
function failing(...failures: Error[]) {
  const left = [...failures];
  return async () => {
    const failure = left.shift();
    if (failure) throw failure;
    return 'made';
  };
}

describe('patience with a cluster', () => {
  it('repeats a step while the servers look for each other, and says so once', async () => {
    const told: string[] = [];
    const step = failing(
      named('TimeoutError', 'timeout'),
      Object.assign(new Error('request'), { cause: named('NoResponders', 'nobody') }),
    );
    const what = 'the stream JOBS';
    expect(await withPatience(step, { what, onWait: (said) => told.push(said) })).toBe('made');
    expect(told).toEqual(['the stream JOBS cannot be made yet (timeout): trying again']);
  });

  it('ends with what to look at', async () => {
    const step = failing(coded(10008, 'JetStream system temporarily unavailable'));
    const patience = { what: 'the stream JOBS', patienceMs: 0 };
    await expect(withPatience(step, patience)).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringMatching(/^the stream JOBS could not be made within 0 s: NATS says/),
    });
  });

  it('repeats nothing that would fail again', async () => {
    const step = failing(coded(10052, 'the stream differs'));
    await expect(withPatience(step, { what: 'x' })).rejects.toThrow('the stream differs');
  });
});
