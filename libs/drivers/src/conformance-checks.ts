import {
  apiKey,
  ConformanceRig,
  type ConformanceFake,
  type ConformanceServer,
} from './conformance-rig.js';
import type { MakeDriver } from './driver.js';

/** What active checks find. */
export function describeChecks(makeDriver: MakeDriver, fake: ConformanceFake): void {
  const rig = new ConformanceRig(makeDriver, fake.basePath);
  const { signal } = new AbortController();
  let server: ConformanceServer;
  beforeAll(async () => {
    server = await fake.start({ apiKey });
  });
  afterEach(async () => {
    await rig.close();
    await server.reset();
  });
  afterAll(() => server.stop());

  it('finds the models of a backend and what they are for, without asking for an answer', async () => {
    const found = await rig.driver(server).check(signal);
    expect(found).toMatchObject({
      kind: 'passed',
      durationMs: expect.any(Number),
      simulated: true,
    });
    const models = found.kind === 'passed' ? found.catalogue.models : [];
    expect(
      models.map((model) => [
        model.id,
        model.kinds.includes('chat'),
        model.kinds.includes('embedding'),
      ]),
    ).toEqual([
      ['sim-chat', true, expect.any(Boolean)],
      ['sim-embed', false, true],
    ]);
    expect(server.counts.calls).toBe(0);
  });

  it.each([
    ['is not there', { refuse: true }, 'upstream_unreachable'],
    ['is sick', { checks: true }, 'upstream_error'],
  ])('fails where the backend %s', async (_title, faults, code) => {
    await server.set(faults);
    expect(await rig.driver(server).check(signal)).toMatchObject({ kind: 'failed', code });
  });

  it('fails where the key is refused', async () => {
    const backend = {
      id: 'backend-1',
      endpointUrl: server.url + fake.basePath,
      connectTimeoutMs: 1_000,
    };
    const found = await rig
      .driver(server, { backend: { ...backend, apiKey: 'wrong' } })
      .check(signal);
    expect(found).toMatchObject({ kind: 'failed', code: 'upstream_unauthorized' });
  });

  it('refuses a Switchyard door as a backend', async () => {
    const door = await fake.start({ headers: { 'x-switchyard-instance': 'gateway-1' } });
    const found = await rig.driver(door).check(signal);
    await door.stop();
    expect(found).toMatchObject({ kind: 'failed', code: 'loop_detected' });
  });

  it('throws the reason of an aborted signal', async () => {
    const reason = new Error('stopping');
    await expect(rig.driver(server).check(AbortSignal.abort(reason))).rejects.toBe(reason);
  });
}
