import { Harness, jsonOf } from './testing/harness.js';

describe('what runs', () => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await Harness.start();
  });
  afterAll(() => harness.stop());

  it('lists backends with their health and where they come from', async () => {
    const health = await harness.other.keyValues('health');
    await health.put('local', {
      backendId: 'local',
      status: 'down',
      breaker: 'open',
      checkedAtMs: 1_700_000_000_000,
    });
    const backends = await harness.other.keyValues('backends');
    await backends.put('demo', {
      id: 'demo',
      kind: 'ollama',
      isEnabled: true,
      simulated: true,
      endpointUrl: 'http://user:secret@127.0.0.1:9/path',
      models: [{ id: 'demo-model' }],
      hasCatalogue: true,
    });
    let shown = await jsonOf(await harness.fetch('/api/v1/backends'));
    while (shown.backends[1]?.status !== 'unhealthy')
      shown = await jsonOf(await harness.fetch('/api/v1/backends'));
    expect(shown.backends).toMatchObject([
      {
        backend_id: 'demo',
        simulated: true,
        status: 'unknown',
        endpoint: 'http://127.0.0.1:9',
        models: ['demo-model'],
      },
      {
        backend_id: 'local',
        simulated: false,
        status: 'unhealthy',
        breaker: 'open',
        models: ['m', 'small'],
        origin: 'configured',
      },
    ]);
    expect(JSON.stringify(shown)).not.toContain('secret');
    const { data } = await jsonOf(await harness.fetch('/v1/models'));
    expect(
      data.map(({ id, simulated }: { id: string; simulated?: boolean }) => [id, simulated]),
    ).toEqual([
      ['demo-model', true],
      ['m', undefined],
      ['small', undefined],
    ]);
  });

  it('says 503 for nodes and null for counts whose service does not answer', async () => {
    expect((await harness.fetch('/api/v1/nodes')).status).toBe(503);
    const stats = await jsonOf(await harness.fetch('/api/v1/stats'));
    expect(stats).toMatchObject({
      balancer: { strategy: null, total_nodes: null },
      tasks: { by_status: null },
      cost: null,
    });
  });

  it('shows nodes and counts in the public words', async () => {
    const node = {
      instanceId: 'e1',
      service: 'executor-ollama',
      address: '127.0.0.1',
      state: 'active',
      lastHeartbeatAtMs: 1_700_000_000_000,
      startedAtMs: 1,
      inFlight: 1,
      capacity: 4,
      backends: ['local'],
    };
    const nodes = [
      { ...node, liveness: 'alive' },
      { ...node, instanceId: 'e2', liveness: 'suspect' },
    ];
    await harness.other.answer('rpc.health-monitor.nodes', 'test', () => JSON.stringify({ nodes }));
    await harness.other.answer('rpc.router.stats', 'test', () =>
      JSON.stringify({
        strategy: 'score',
        waiting: { high: 1, normal: 2, low: 0 },
        oldestWaitMs: 5,
        inFlight: { local: 1 },
        decisions: 9,
      }),
    );
    await harness.other.answer('rpc.task-tracker.stats', 'test', () =>
      JSON.stringify({
        byStatus: { waiting: 2, retrying: 1, running: 1, expired: 1, failed: 2 },
        byAge: { recent: 1, medium: 0, old: 0 },
        costTodayUsdMicros: 1_500_000,
        costHourUsdMicros: 0,
      }),
    );
    await harness.other.flush();
    const shown = await jsonOf(await harness.fetch('/api/v1/nodes'));
    expect(shown).toMatchObject({
      total_nodes: 2,
      healthy_nodes: 1,
      nodes: [
        { node_id: 'e1', state: 'alive', load: 0.25 },
        { node_id: 'e2', state: 'suspected', healthy: false },
      ],
    });
    expect(await jsonOf(await harness.fetch('/api/v1/stats'))).toMatchObject({
      balancer: { strategy: 'score', total_nodes: 2, healthy_nodes: 1, selections: 9 },
      tasks: { total_active: 1, total_queued: 3, by_status: { queued: 3, running: 1, failed: 3 } },
      cost: { today: 1.5, hour: 0 },
    });
  });
});
