import { startTestNats } from '@switchyard/testing';
import { DiskFiller } from './disk-filler.js';
import { startTestNatsCluster } from './nats-cluster.js';
import { nothingLost, tellRow } from './fault-table.js';
import { configFor, Oracle, pause } from './oracle.js';
import { Processes } from './processes.js';
import { Scene } from './scene.js';

const rowTimeoutMs = 300_000;
/** A little more than the streams reserve. */
const diskBytes = 1_250 * 1_024 * 1_024;

describe('the NATS server', () => {
  let scene: Scene;
  beforeEach(() => {
    scene = new Scene();
  });
  afterEach(() => scene.close());

  it(
    'row 3: is killed under load and started again',
    async () => {
      const fake = await scene.fake({ faults: { all: { kind: 'slow', delayMs: 20 } } });
      await scene.open(configFor(fake.url, 16));
      const { oracle, processes } = scene;
      const load = oracle.load(100, 12_000);
      await pause(3_000);
      await processes.nats.kill9();
      await pause(1_000);
      await processes.nats.restart();
      const upAtMs = Date.now();
      const before = oracle.runs.length;
      while (oracle.runs.length === before && Date.now() - upAtMs < 30_000) await pause(20);
      const recoveryMs = (oracle.runs[before]?.startedAtMs ?? Number.NaN) - upAtMs;
      await load;
      const count = await oracle.count(60_000);
      tellRow('3', 'kill -9 of nats-server under load, started again', count, {
        recoveryMs,
        figures: { 'refused meanwhile': oracle.refused },
      });
      expect(count).toMatchObject({ ...nothingLost, byStatus: { succeeded: count.accepted } });
      expect(recoveryMs).toBeLessThanOrEqual(5_000);
    },
    rowTimeoutMs,
  );

  it(
    'row 4: of a cluster of three, the leader of the submissions is killed',
    async () => {
      const cluster = await startTestNatsCluster();
      const fake = await scene.fake({ faults: { all: { kind: 'slow', delayMs: 20 } } });
      const config = `${configFor(fake.url, 16)}nats:\n  replicas: 3\n`;
      const processes = await Processes.beside(cluster, config);
      scene.atEnd(() => processes.close());
      // The first one makes the streams, with three replicas each.
      await processes.startAll('six', ['gateway']);
      await processes.startAll('six', [
        'router',
        'health-monitor',
        'task-tracker',
        'executor-openai-compatible',
      ]);
      const oracle = await Oracle.open(cluster.url);
      try {
        const load = oracle.load(50, 20_000);
        await pause(4_000);
        const leader = await cluster.leaderOf('JOBS');
        await leader.kill9();
        await load;
        const count = await oracle.count(60_000);
        tellRow('4', 'kill -9 of the leader in a cluster of three', count, {
          recoveryMs: oracle.gapMaxMs,
          figures: { 'refused meanwhile': oracle.refused },
          seen: 'recovery is the gap in publishing',
        });
        expect(count).toMatchObject({ ...nothingLost, byStatus: { succeeded: count.accepted } });
        expect(oracle.gapMaxMs).toBeLessThanOrEqual(10_000);
      } finally {
        await oracle.close();
      }
    },
    rowTimeoutMs,
  );

  it(
    'row 21: its disk is full',
    async () => {
      const nats = await startTestNats({ storeBytesMax: diskBytes });
      const fake = await scene.fake();
      await scene.openStandalone(configFor(fake.url, 4), nats);
      const { oracle, processes } = scene;
      await oracle.submitTasks(20, processes.apiUrl);
      await oracle.count(20_000);
      const disk = await DiskFiller.open(nats.url);
      scene.atEnd(() => disk.close());
      await disk.fill();
      const refused = await Promise.all(Array.from({ length: 5 }, () => scene.chat()));
      await oracle.submitTasks(20, processes.apiUrl);
      const acceptedWhileFull = oracle.accepted.length - 20;
      const health = await fetch(`${processes.apiUrl}/health`);
      const { error } = (await health.json()) as { readonly error?: object };
      await disk.free();
      const freedAtMonoMs = performance.now();
      let status = 0;
      while (status !== 200 && performance.now() - freedAtMonoMs < 30_000) {
        ({ status } = await scene.chat());
      }
      const recoveryMs = performance.now() - freedAtMonoMs;
      await oracle.submitTasks(20, processes.apiUrl);
      const count = await oracle.count(30_000);
      const statuses = [...new Set(refused.map((answer) => answer.status))];
      tellRow('21', 'the store of nats-server is full (max_file_store)', count, {
        recoveryMs,
        figures: { 'accepted while full': acceptedWhileFull },
        seen: `new jobs get ${statuses.join(', ')}; GET /health is ${health.status}`,
      });
      expect(statuses).toEqual([503]);
      expect([health.status, Object.keys(error ?? {})]).toEqual([503, ['store']]);
      expect(status).toBe(200);
      expect(count).toMatchObject({
        ...nothingLost,
        byStatus: { succeeded: count.accepted },
      });
    },
    rowTimeoutMs,
  );

  it(
    'row 25: a consumer is deleted under us',
    async () => {
      const fake = await scene.fake();
      await scene.open(configFor(fake.url, 4));
      const { oracle } = scene;
      await oracle.submit(20);
      await oracle.count(20_000);
      const deletedAtMonoMs = performance.now();
      const before = oracle.ended;
      await oracle.client.bus.removeConsumer({ stream: 'DISPATCH', name: 'backend-one' });
      await oracle.submit(5, 'after');
      while (oracle.ended === before && performance.now() - deletedAtMonoMs < 30_000) {
        await pause(20);
      }
      const recoveryMs = performance.now() - deletedAtMonoMs;
      const count = await oracle.count(40_000);
      tellRow('25', 'a consumer is deleted under its executor', count, {
        recoveryMs,
        seen: 'recovery is until the next job has ended; nobody did anything',
      });
      const health = await fetch(`${scene.executors[0]?.adminUrl}/health`);
      expect([health.status, (await health.text()).length > 0]).toEqual([200, true]);
      expect(recoveryMs).toBeLessThanOrEqual(5_000);
      expect(count).toMatchObject({ ...nothingLost, byStatus: { succeeded: count.accepted } });
    },
    rowTimeoutMs,
  );
});
