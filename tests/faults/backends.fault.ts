import type { Run } from '@switchyard/testing';
import { nothingLost, quantile, tellRow } from './fault-table.js';
import { configOf, pause, quickRetry } from './oracle.js';
import { Scene } from './scene.js';

const rowTimeoutMs = 600_000;
/** How long rows 23 and 23.1 are under load, and failovers in it that need no breaker. */
const loadMs = 60_000;
const failoversMax = 10;
/** Attempts that were under way at an instant have ended by then. */
const underWayMs = 1_000;
/** How long all backends are down in row 14. */
const downMs = Number(process.env.SWITCHYARD_TEST_DOWN_MS ?? 60_000);

describe('backends', () => {
  let scene: Scene;
  beforeEach(() => {
    scene = new Scene();
  });
  afterEach(() => scene.close());

  const between = (fromMs: number, toMs: number) =>
    scene.oracle.runs.filter(({ startedAtMs }) => startedAtMs >= fromMs && startedAtMs < toMs);
  const tookP95Ms = (runs: readonly Run[]) =>
    quantile(
      runs.map(({ jobId, startedAtMs }) => scene.oracle.endedAtMs(jobId) - startedAtMs),
      0.95,
    );

  /** How long the first attempt of a job lasted. */
  const firstTookMs = async (jobId: string): Promise<number> => {
    const [first] = (await scene.oracle.client.bus.cells.read(jobId))?.cell.attempts ?? [];
    return (first?.endedAtMs ?? Number.NaN) - (first?.startedAtMs ?? Number.NaN);
  };

  /** Attempts that failed, of jobs that were tried again. */
  const failedAttempts = async () => {
    const ids = new Set(
      scene.oracle.runs.filter(({ attemptNo }) => attemptNo > 1).map(({ jobId }) => jobId),
    );
    const { cells } = scene.oracle.client.bus;
    const read = await Promise.all([...ids].map((id) => cells.read(id)));
    return read.flatMap((found) => found?.cell.attempts ?? []).filter(({ failure }) => failure);
  };

  it.each([
    ['9', 'score'],
    ['9.1', 'health_aware'],
  ])(
    'row %s: one of three turns ten times slower, strategy %s',
    async (row, strategy) => {
      const fakes = await scene.fakes(3, { faults: slow(300) });
      // Three that nothing happens to, with jobs of their own at the same time: what the machine
      // does to both is no matter of routing.
      const steady = await scene.fakes(3, { faults: slow(300), models: ['steady-model'] });
      const backends = [...fakes, ...steady].map(({ url }, at) => ({
        id: `b${at}`,
        url,
        slots: 20,
      }));
      await scene.open(configOf(backends, `strategy: ${strategy}`));
      const { oracle } = scene;
      const body = { model: 'steady-model', messages: [{ role: 'user', content: 'Which track?' }] };
      const load = oracle.load(15, 55_000);
      const steadyLoad = oracle.load(15, 55_000, 'steady', { body });
      await pause(10_000);
      const slowAtMs = Date.now();
      await fakes[0]?.set(slow(3_000));
      await Promise.all([load, steadyLoad]);
      const count = await oracle.count(30_000);
      const within = (prefix: string, fromMs: number, toMs: number) =>
        between(slowAtMs + fromMs, slowAtMs + toMs).filter(({ jobId }) => jobId.startsWith(prefix));
      const shares = Array.from({ length: 30 }, (_, at) =>
        shareOf('b0', within('load', at * 1_000, (at + 5) * 1_000)),
      );
      const [before, after] = [
        [-8_000, 0],
        [30_000, 44_000],
      ] as const;
      const p95 = (prefix: string, [fromMs, toMs]: readonly [number, number]) =>
        tookP95Ms(within(prefix, fromMs, toMs));
      const figures = {
        'share before %': shareOf('b0', within('load', ...before)) * 100,
        'share after 30 s %': shareOf('b0', within('load', ...after)) * 100,
        'p95 before ms': p95('load', before),
        'p95 after 30 s ms': p95('load', after),
        'p95 of steady backends before ms': p95('steady', before),
        'after 30 s ms': p95('steady', after),
      };
      const recoveryMs = (shares.findLastIndex((share) => share >= 0.1) + 1) * 1_000;
      tellRow(row, `backend ten times slower, ${strategy}`, count, { recoveryMs, figures });
      expect(count).toMatchObject({ ...nothingLost, byStatus: { succeeded: count.accepted } });
      expect(figures['share after 30 s %']).toBeLessThan(10);
      // Back to what it was, or no worse than where nothing happened.
      const isBackMs = Math.max(figures['p95 before ms'], figures['after 30 s ms']) * 1.2;
      expect(figures['p95 after 30 s ms']).toBeLessThanOrEqual(isBackMs);
    },
    rowTimeoutMs,
  );

  it(
    'row 10: one hangs after it has accepted',
    async () => {
      const hung = await scene.fake();
      const sound = await scene.fake();
      const more = ['first_token_timeout: 2s', 'priority: 1'];
      const backends = [
        { id: 'hung', url: hung.url, slots: 10, more },
        { id: 'sound', url: sound.url, slots: 20, more: ['priority: 2'] },
      ];
      await scene.openStandalone(configOf(backends, quickRetry));
      const ask = () => Promise.all(Array.from({ length: 10 }, () => scene.chat({ stream: true })));
      // What the first attempts of a process take beside the wait is no matter of it.
      for (let warm = 0; warm < 5; warm += 1) await ask();
      await hung.set({ all: { kind: 'hang' } });
      const answers = await ask();
      const count = await scene.oracle.count(20_000);
      const retried = scene.oracle.runs.filter(({ attemptNo }) => attemptNo === 2);
      const tookMs = await Promise.all(retried.map(({ jobId }) => firstTookMs(jobId)));
      const figures = {
        'attempts that hung': tookMs.length,
        'ended after at least ms': Math.min(...tookMs),
        'at most ms': Math.max(...tookMs),
      };
      tellRow('10', 'backend hangs, first_token_timeout 2 s', count, { figures });
      expect(count).toMatchObject({ ...nothingLost, byStatus: { succeeded: 60 } });
      expect(answers.every(({ text }) => text.includes('[DONE]'))).toBe(true);
      expect(tookMs.length).toBeGreaterThan(0);
      expect(Math.min(...tookMs)).toBeGreaterThanOrEqual(1_800);
      expect(Math.max(...tookMs)).toBeLessThanOrEqual(2_200);
    },
    rowTimeoutMs,
  );

  it(
    'row 14: all are down',
    async () => {
      const fakes = await scene.fakes(2);
      const backends = fakes.map(({ url }, at) => ({ id: `b${at}`, url, slots: 10 }));
      await scene.open(configOf(backends, 'queue:\n  timeout: 10s'));
      const { oracle } = scene;
      await oracle.submit(20, 'before');
      await oracle.count(20_000);
      for (const fake of fakes) await fake.set({ refuse: true });
      const runsBefore = oracle.runs.length;
      const downSinceMs = performance.now();
      const offering = oracle.load(5, downMs);
      // Breakers open first, so that clients wait and are not answered with the failure itself.
      await pause(5_000);
      const asked = await Promise.all(Array.from({ length: 5 }, () => scene.chat()));
      const answeredMs = performance.now() - downSinceMs - 5_000;
      await offering;
      const attempts = oracle.runs.length - runsBefore;
      const offered = oracle.accepted.length - 20;
      for (const fake of fakes) await fake.set(slow(100));
      const healedAtMs = Date.now();
      const count = await oracle.count(120_000);
      const [first] = between(healedAtMs, Number.POSITIVE_INFINITY);
      const recoveryMs = (first?.startedAtMs ?? Number.NaN) - healedAtMs;
      const statuses = [...new Set(asked.map(({ status }) => status))];
      const figures = {
        'attempts per job': attempts / offered,
        'at once afterwards': Math.max(...fakes.map(({ counts }) => counts.runningMax)),
        'waiting clients answered after s': answeredMs / 1_000,
      };
      const fault = `all backends down for ${downMs / 1_000} s`;
      const seen = `clients that wait get ${statuses.join(', ')}`;
      tellRow('14', fault, count, { recoveryMs, figures, seen });
      expect(count).toMatchObject({ ...nothingLost, byStatus: { succeeded: count.accepted } });
      expect(statuses).toEqual([503]);
      expect(figures['attempts per job']).toBeLessThanOrEqual(1.2);
      expect(figures['at once afterwards']).toBeLessThanOrEqual(10);
      expect(recoveryMs).toBeLessThanOrEqual(30_000);
    },
    rowTimeoutMs,
  );

  it.each([
    ['23', 1, 2],
    ['23.1', 2, 3],
  ])(
    'row %s: %i of %i come and go every 5 s',
    async (row, flapping, all) => {
      const fakes = await scene.fakes(all, { faults: slow(50) });
      const backends = fakes.map(({ url }, at) => ({ id: `b${at}`, url, slots: 10 }));
      await scene.open(configOf(backends, quickRetry));
      const { oracle } = scene;
      const startMs = Date.now();
      const load = oracle.load(30, loadMs);
      const watching = scene.watchBreakers();
      for (let turn = 0; turn < 12; turn += 1) {
        const faults = turn % 2 === 0 ? { refuse: true } : slow(50);
        await Promise.all(fakes.slice(0, flapping).map((fake) => fake.set(faults)));
        await pause(5_000);
      }
      await load;
      const { openMax, firstOpen } = watching.stop();
      const count = await oracle.count(60_000);
      const failed = await failedAttempts();
      // With all of them behind a breaker nobody might be left: one stays in play, and fails.
      const { id: ejectedId, atMs: ejectedAtMs = startMs + loadMs } = firstOpen ?? {};
      // What was under way as it was ejected ends within this.
      const since = failed.filter(
        ({ backendId, endedAtMs = 0 }) =>
          backendId === ejectedId && endedAtMs > ejectedAtMs + underWayMs,
      );
      const figures = {
        failovers: failed.length,
        'first breaker open after s, else 60': (ejectedAtMs - startMs) / 1_000,
        'failovers from that one since': since.length,
        'breakers open at most': openMax,
      };
      tellRow(row, `${flapping} of ${all} backends come and go every 5 s`, count, { figures });
      expect(count).toMatchObject({ ...nothingLost, byStatus: { succeeded: count.accepted } });
      expect(openMax).toBeLessThanOrEqual(1);
      expect(since).toEqual([]);
      // None is ejected where those that are there take nearly all jobs by themselves.
      expect(failed.length).toBeLessThanOrEqual(
        firstOpen ? Number.POSITIVE_INFINITY : failoversMax,
      );
    },
    rowTimeoutMs,
  );
});

const slow = (delayMs: number) => ({ all: { kind: 'slow', delayMs } }) as const;

const shareOf = (id: string, runs: readonly Run[]): number =>
  runs.filter(({ backendId }) => backendId === id).length / runs.length;
