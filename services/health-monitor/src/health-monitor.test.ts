import { Bus } from '@switchyard/bus';
import {
  buckets,
  decode,
  encode,
  type NodeList,
  streams,
  subjects,
  type WireAlert,
  type WireBackend,
  type WireCheckReport,
  type WireHealth,
  type WireObservation,
} from '@switchyard/contracts';
import { silentLog } from '@switchyard/domain';
import { Metrics } from '@switchyard/telemetry';
import { eventually, startTestNats, type TestNats } from '@switchyard/testing';
import { type HealthMonitor, startHealthMonitor } from './mod.js';

describe('the health monitor', () => {
  let nats: TestNats;
  let client: Bus;
  let buses: Bus[];
  let monitors: HealthMonitor[];
  let nowMs: number;
  const metrics = () => new Metrics({ withProcess: false });

  beforeEach(async () => {
    nats = await startTestNats();
    buses = [];
    monitors = [];
    nowMs = 1_800_000_000_000;
    client = await connect();
    await client.provision(Object.values(streams({ queueCapacity: 5 })), 1);
  });
  afterEach(async () => {
    for (const monitor of monitors) await monitor.stop();
    for (const bus of buses) await bus.drain(100);
    await nats.stop();
  });

  const connect = async () => {
    const bus = await Bus.connect({ url: nats.url, name: 'test' });
    buses.push(bus);
    return bus;
  };
  const start = async (instanceId = 'monitor-1', deps: { bus?: Bus; metrics?: Metrics } = {}) => {
    const monitor = await startHealthMonitor({
      bus: deps.bus ?? (await connect()),
      log: silentLog,
      metrics: deps.metrics ?? metrics(),
      instanceId,
      now: () => nowMs,
    });
    monitors.push(monitor);
    return monitor;
  };
  const registry = () => client.keyValues<WireBackend>(buckets.backends.name);
  const register = async (id: string) => (await registry()).put(id, { id });
  const entry = async (id: string) =>
    (await client.keyValues<WireHealth>(buckets.health.name)).get(id);
  const health = async (id: string) => (await entry(id))?.value;
  const check = (report: WireCheckReport) =>
    client.publish(subjects.checked, encode({ backendId: 'gpu-1', atMs: nowMs, ...report }));
  const observe = (observation: WireObservation) =>
    client.publish(subjects.observed, encode({ backendId: 'gpu-1', atMs: nowMs, ...observation }));
  const alerts = async (backendId: string) => {
    const found = Object.keys(await client.subjectsIn('ALERTS', `alerts.backend.${backendId}.>`));
    const messages = await Promise.all(found.map((subject) => client.readLast('ALERTS', subject)));
    const known = messages.flatMap((message) => (message ? [message] : []));
    return known.sort((a, b) => a.seq - b.seq).map(({ data }) => decode<WireAlert>(data));
  };
  const nodes = async () => {
    const answer = await client.ask(subjects.rpc('health-monitor', 'nodes'), '{}');
    return decode<NodeList>(answer).nodes;
  };
  const beat = (instanceId: string, seq: number, backends: readonly string[]) => {
    const said = { instanceId, service: 'executor-x', startedAtMs: 1, seq, inFlight: 2, backends };
    client.emit(subjects.heartbeat('executor-x', instanceId), encode(said));
  };

  it('makes health of checks: healthy, degraded, down, and back', async () => {
    await register('gpu-1');
    await start();
    await check({ ok: true, checkDurationMs: 7 });
    await eventually(async () => {
      const shown = { status: 'healthy', checkDurationMs: 7, checkedAtMs: nowMs };
      expect(await health('gpu-1')).toMatchObject(shown);
    });
    const failed = { failureCode: 'upstream_unreachable', message: 'refused' };
    await check(failed);
    await eventually(async () => {
      expect(await health('gpu-1')).toMatchObject({ status: 'degraded', message: 'refused' });
    });
    await check(failed);
    await check(failed);
    await eventually(async () => {
      expect(await health('gpu-1')).toMatchObject({ status: 'down', consecutiveFailures: 3 });
    });
    await check({ ok: true });
    await eventually(async () => {
      expect(await health('gpu-1')).toMatchObject({ status: 'healthy', message: '' });
    });
  });

  it('makes health of attempts: cooldown, and down where credentials are refused', async () => {
    await register('gpu-1');
    await start();
    await observe({ failureCode: 'rate_limited', retryAfterMs: 60_000 });
    await eventually(async () => {
      expect(await health('gpu-1')).toMatchObject({ cooldownUntilMs: nowMs + 60_000 });
    });
    await observe({ failureCode: 'upstream_unauthorized' });
    await eventually(async () => {
      expect(await health('gpu-1')).toMatchObject({ status: 'down' });
    });
  });

  it('writes nothing for a success that is no news', async () => {
    await register('gpu-1');
    await start();
    await check({ ok: true });
    await eventually(async () => expect(await health('gpu-1')).toBeDefined());
    const revision = (await entry('gpu-1'))?.revision;
    for (let at = 0; at < 50; at += 1) await observe({ durationMs: 5 });
    await observe({ failureCode: 'invalid_request' });
    await observe({ failureCode: 'code_of_a_later_version' });
    await check({ ok: true, atMs: nowMs + 9_999 });
    // Reports are folded in order: once this one shows, those before it did not.
    await check({ ok: true, atMs: nowMs + 10_000 });
    await eventually(async () => {
      expect((await health('gpu-1'))?.checkedAtMs).toBe(nowMs + 10_000);
    });
    expect((await entry('gpu-1'))?.revision).toBe((revision ?? 0) + 1);
  });

  it('shows a check that came before the record of its backend, once that comes', async () => {
    await start();
    await check({ ok: true });
    await check({ backendId: 'gpu-2', ok: true });
    await register('gpu-2');
    await eventually(async () => expect(await health('gpu-2')).toBeDefined());
    expect(await health('gpu-1')).toBeUndefined();
    await register('gpu-1');
    await eventually(async () => {
      expect(await health('gpu-1')).toMatchObject({ status: 'healthy' });
    });
  });

  it('goes on with what was shown, and with the reports of the time when nobody was there', async () => {
    await register('gpu-1');
    const first = await start();
    await check({ message: 'one' });
    await check({ message: 'two' });
    await eventually(async () => {
      expect(await health('gpu-1')).toMatchObject({ consecutiveFailures: 2 });
    });
    await first.stop();
    await check({ message: 'three' });
    await start('monitor-2');
    await eventually(async () => {
      expect(await health('gpu-1')).toMatchObject({ status: 'down', message: 'three' });
    });
  });

  it('has one active monitor; another takes over at once where it stops', async () => {
    const first = await start('monitor-1');
    const second = await start('monitor-2');
    expect([first.isActive, second.isActive]).toEqual([true, false]);
    await second.tick();
    expect(second.isActive).toBe(false);
    await first.stop();
    await second.tick();
    expect([first.isActive, second.isActive]).toEqual([false, true]);
    expect(await nodes()).toEqual([]);
  });

  it('is replaced within seconds where it died', async () => {
    await register('gpu-1');
    const bus = await connect();
    await start('monitor-1', { bus });
    const second = await start('monitor-2');
    monitors.shift();
    await bus.drain(0);
    await check({ ok: true });
    await eventually(() => expect(second.isActive).toBe(true));
    await eventually(async () => {
      expect(await health('gpu-1')).toMatchObject({ status: 'healthy' });
    });
  });

  it('removes the health of removed backends, and late news do not bring it back', async () => {
    await register('gone');
    await register('left');
    const first = await start();
    await check({ backendId: 'gone', ok: true });
    await check({ backendId: 'left', ok: true });
    await eventually(async () => expect(await health('left')).toBeDefined());
    await (await registry()).delete('gone');
    await eventually(async () => expect(await health('gone')).toBeUndefined());
    await check({ backendId: 'gone', ok: true });
    await check({ backendId: 'left', message: 'later' });
    await eventually(async () => {
      expect(await health('left')).toMatchObject({ message: 'later' });
    });
    expect(await health('gone')).toBeUndefined();
    await first.stop();
    await (await registry()).delete('left');
    await start('monitor-2');
    expect(await health('left')).toBeUndefined();
  });

  it('knows nothing of a backend whose last executor is dead', async () => {
    await register('gpu-1');
    const monitor = await start();
    await check({ ok: true });
    beat('executor-1', 0, ['gpu-1']);
    await eventually(async () => expect(await nodes()).toHaveLength(1));
    await eventually(async () => {
      expect(await health('gpu-1')).toMatchObject({ status: 'healthy' });
    });
    nowMs += 30_000;
    await monitor.tick();
    expect(await health('gpu-1')).toMatchObject({ status: 'healthy' });
    nowMs += 1;
    await monitor.tick();
    expect(await health('gpu-1')).toMatchObject({ status: 'unknown' });
    expect((await nodes())[0]?.liveness).toBe('dead');
    beat('executor-1', 1, ['gpu-1']);
    await eventually(async () => expect((await nodes())[0]?.liveness).toBe('alive'));
    await check({ ok: true });
    await eventually(async () => {
      expect(await health('gpu-1')).toMatchObject({ status: 'healthy' });
    });
    await monitor.tick();
    expect(await health('gpu-1')).toMatchObject({ status: 'healthy' });
  });

  it('tells the instances with their liveness, by their own heartbeats', async () => {
    await start();
    beat('executor-2', 0, ['gpu-2']);
    beat('executor-1', 0, ['gpu-1']);
    await eventually(async () => expect(await nodes()).toHaveLength(2));
    nowMs += 16_000;
    beat('executor-2', 1, ['gpu-2']);
    const hearsay = encode({ instanceId: 'executor-1', seq: 9, startedAtMs: 1, backends: [] });
    client.emit(subjects.heartbeat('executor-x', 'executor-2'), hearsay);
    await eventually(async () => {
      expect((await nodes()).map(({ instanceId, liveness }) => [instanceId, liveness])).toEqual([
        ['executor-1', 'suspect'],
        ['executor-2', 'alive'],
      ]);
    });
    expect((await nodes())[1]).toMatchObject({ inFlight: 2, backends: ['gpu-2'], state: 'active' });
  });

  it('survives what is no message, on every subject it hears', async () => {
    await register('gpu-1');
    await start();
    for (const text of ['', 'nonsense', '[]', '5', 'null', '{"backendId":{},"backends":5}']) {
      client.emit(subjects.heartbeat('executor-x', 'executor-1'), text);
      client.emit(subjects.observed, text);
      client.emit(subjects.checked, text);
    }
    await check({ ok: true });
    await eventually(async () => {
      expect(await health('gpu-1')).toMatchObject({ status: 'healthy' });
    });
    beat('executor-1', 0, ['gpu-1']);
    await eventually(async () => expect(await nodes()).toHaveLength(1));
  });

  it('shows a score for each backend of which something is known', async () => {
    for (const id of ['gpu-1', 'gpu-2', 'gpu-3']) await register(id);
    const shared = metrics();
    await start('monitor-1', { metrics: shared });
    await check({ ok: true });
    await check({ backendId: 'gpu-2', message: 'refused' });
    await eventually(async () => expect(await health('gpu-2')).toBeDefined());
    const { body } = await shared.text();
    const lines = body.split('\n').filter((line) => line.startsWith('lb_backend_health_score'));
    expect(lines).toEqual([
      'lb_backend_health_score{backend_id="gpu-1"} 1',
      'lb_backend_health_score{backend_id="gpu-2"} 0.5',
    ]);
  });

  it('moves a breaker by hand, and tells people of both, each once', async () => {
    await register('gpu-1');
    await start();
    const command = async (action: string, backendId = 'gpu-1') => {
      const asked = encode({ backendId, action });
      return decode(await client.ask(subjects.rpc('health-monitor', 'breaker'), asked));
    };
    expect(await command('force_open')).toEqual({ breaker: 'open' });
    expect(await health('gpu-1')).toMatchObject({ breaker: 'open', breakerReason: 'forced' });
    nowMs += 3_600_000;
    expect(await health('gpu-1')).toMatchObject({ breaker: 'open' });
    expect(await command('reset')).toEqual({ breaker: 'closed' });
    await expect(command('explode')).rejects.toMatchObject({ code: 'invalid_request' });
    await expect(command('reset', 'gpu-9')).rejects.toMatchObject({ code: 'not_found' });
    await eventually(async () => {
      expect(await alerts('gpu-1')).toMatchObject([
        { kind: 'backend.breaker_open', severity: 'warning', source: 'health-monitor' },
        { kind: 'backend.breaker_closed', severity: 'info' },
      ]);
    });
    const [opened, closed] = await alerts('gpu-1');
    expect(closed?.resolves).toBe(opened?.id);
  });

  it('tells people of a backend that falls and rises, and of an instance that dies', async () => {
    await register('gpu-1');
    const monitor = await start();
    for (let at = 0; at < 3; at += 1) await check({ ok: false, message: 'refused' });
    await eventually(async () => expect(await health('gpu-1')).toMatchObject({ status: 'down' }));
    nowMs += 1;
    await check({ ok: true });
    await eventually(async () => {
      const kinds = (await alerts('gpu-1')).map(({ kind }) => kind);
      expect(kinds).toEqual(['backend.down', 'backend.up']);
    });
    beat('executor-1', 0, ['gpu-1']);
    await eventually(async () => expect(await nodes()).toHaveLength(1));
    nowMs += 31_000;
    await nodes();
    await monitor.tick();
    await monitor.tick();
    const dead = Object.keys(await client.subjectsIn('ALERTS', 'alerts.instance.>'));
    expect(dead).toEqual(['alerts.instance.executor-1.dead.1']);
  });

  it('counts what is forged, stale, malformed or of nobody known, and believes none of it', async () => {
    const counted = metrics();
    await register('gpu-1');
    await start('monitor-1', { metrics: counted });
    beat('executor-1', 5, ['gpu-1']);
    beat('executor-1', 5, ['gpu-1']);
    beat('executor-1', 4, ['gpu-1']);
    client.emit(subjects.heartbeat('executor-x', 'forger'), encode({ instanceId: 'executor-1' }));
    client.emit(subjects.heartbeat('executor-x', 'executor-1'), 'no JSON');
    client.emit(subjects.heartbeat('executor-x', 'executor-1'), '{"backends":7}');
    await observe({ backendId: 'nobody', jobId: 'no-such-job', durationMs: 1 });
    const gossip = async (said: object) =>
      decode(await client.ask(subjects.rpc('health-monitor', 'gossip'), encode(said)));
    await eventually(async () => expect(await nodes()).toHaveLength(1));
    expect(await gossip({ node_id: 'ghost', timestamp: 1 })).toEqual({ verdict: 'stranger' });
    expect(await gossip({ node_id: 'executor-1' })).toEqual({ verdict: 'malformed' });
    const told = { node_id: 'executor-1', timestamp: 9, peers: { ghost: { status: 'alive' } } };
    expect(await gossip(told)).toEqual({ verdict: 'taken' });
    expect(await gossip(told)).toEqual({ verdict: 'stale' });
    await eventually(async () => {
      const lines = (await counted.text()).body
        .split('\n')
        .filter((line) => line.startsWith('switchyard_strange_messages_total{'))
        .map((line) => line.replace(/^.*{message="(.*)",reason="(.*)"} /, '$1 $2 '));
      expect(lines.toSorted()).toEqual([
        'gossip malformed 1',
        'gossip stale 1',
        'gossip stranger 1',
        'heartbeat forged 1',
        'heartbeat malformed 2',
        'heartbeat stale 2',
        'observation unknown_backend 1',
      ]);
    });
    expect((await nodes()).map(({ instanceId }) => instanceId)).toEqual(['executor-1']);
  });
});
