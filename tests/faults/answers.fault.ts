import { readFile } from 'node:fs/promises';
import { patterns } from '@switchyard/contracts';
import type { Fault } from '@switchyard/testing';
import { nothingLost, tellRow } from './fault-table.js';
import { configOf, pause, quickRetry } from './oracle.js';
import { Scene } from './scene.js';

const rowTimeoutMs = 300_000;

describe('answers', () => {
  let scene: Scene;
  beforeEach(() => {
    scene = new Scene();
  });
  afterEach(() => scene.close());

  const chats = (count: number, more: object = {}) =>
    Promise.all(Array.from({ length: count }, () => scene.chat(more)));

  const hasDispatches = async (backendId: string): Promise<boolean> => {
    const { bus } = scene.oracle.client;
    const found = await bus.subjectsIn('DISPATCH', patterns.dispatches(backendId));
    return Object.keys(found).length > 0;
  };

  it(
    'row 11: a stream is cut before its first byte, and in its middle',
    async () => {
      const cut = await scene.fake({ tokensPerSecond: 50 });
      const sound = await scene.fake();
      const backends = [
        { id: 'cut', url: cut.url, slots: 20, more: ['priority: 1'] },
        { id: 'sound', url: sound.url, slots: 20, more: ['priority: 2'] },
      ];
      await scene.openStandalone(configOf(backends, quickRetry));
      await cut.set({ all: { kind: 'reset' } });
      const before = await chats(2, { stream: true });
      await cut.set({ all: { kind: 'cut', afterChunks: 3 } });
      const middle = await chats(2, { stream: true });
      const count = await scene.oracle.count(20_000);
      tellRow('11', 'stream cut before its first byte (2), and in its middle (2)', count, {
        seen: 'before: another backend answers; middle: an error event, no [DONE], no second try',
      });
      expect(before.every(({ text }) => text.includes('[DONE]'))).toBe(true);
      expect(middle.map(({ text }) => [text.includes('[DONE]'), text.includes('"error"')])).toEqual(
        [
          [false, true],
          [false, true],
        ],
      );
      expect(count).toMatchObject({ ...nothingLost, byStatus: { succeeded: 2, failed: 2 } });
      const cells = await Promise.all(
        middle.map(({ jobId }) => scene.oracle.client.bus.cells.read(jobId)),
      );
      expect(cells.map((read) => read?.cell.attempts?.length)).toEqual([1, 1]);
      expect(cells.every((read) => Number(read?.cell.outcome?.usage?.outputTokens) > 0)).toBe(true);
    },
    rowTimeoutMs,
  );

  it(
    'row 12: they are garbage, of another type, or never end',
    async () => {
      const fake = await scene.fake({ outputTokens: 2_000 });
      const more = ['request_timeout: 10s'];
      const rest = `${quickRetry}\n  timeout: 5s`;
      await scene.open(configOf([{ id: 'one', url: fake.url, slots: 10, more }], rest));
      const { executors } = scene;
      const pids = [executors[0]?.pid ?? 0, scene.service('gateway').pid];
      // What sound answers make them take is no matter of bad ones: the tokenizer, too, which
      // the first one without usage loads.
      await chats(20);
      await fake.set({ all: { kind: 'missingUsage' } });
      await chats(1);
      await fake.set({});
      await chats(20, { stream: true });
      const beforeMb = await Promise.all(pids.map(memoryMb));
      const growthMb = pids.map(() => 0);
      const look = setInterval(() => {
        pids.forEach(async (pid, at) => {
          const grownMb = (await memoryMb(pid)) - (beforeMb[at] ?? 0);
          growthMb[at] = Math.max(growthMb[at] ?? 0, grownMb);
        });
      }, 50);
      const kinds = ['garbage', 'wrongContentType', 'oversize', 'endlessLine'] as const;
      const statuses = new Set<number>();
      for (const kind of kinds) {
        await fake.set({ all: { kind } satisfies Fault });
        for (const stream of [false, true]) {
          // Its breaker would keep it from being asked.
          await scene.resetBreaker('one');
          statuses.add((await scene.chat({ stream })).status);
        }
      }
      clearInterval(look);
      const count = await scene.oracle.count(60_000);
      const isAlive = await fetch(`${executors[0]?.adminUrl}/health/live`);
      const [executorMb = Number.NaN, gatewayMb = Number.NaN] = growthMb;
      tellRow('12', 'garbage, wrong content type, endless body, endless line', count, {
        figures: { 'executor grew by MB': executorMb, 'gateway by MB': gatewayMb },
        seen: `answered ${[...statuses].toSorted((a, b) => a - b).join(', ')}; no other backend was there`,
      });
      expect(count).toMatchObject(nothingLost);
      expect(isAlive.status).toBe(200);
      expect(executorMb).toBeLessThanOrEqual(50);
      expect(gatewayMb).toBeLessThanOrEqual(50);
    },
    rowTimeoutMs,
  );

  it.each([
    ['13', 'seconds', 5_000],
    ['13.1', 'a date', 4_000],
    ['13.2', 'nonsense', 10_000],
  ] as const)(
    'row %s: a storm of 429 with Retry-After as %s',
    async (row, form, quietMs) => {
      const busy = await scene.fake();
      const sound = await scene.fake({ faults: { all: { kind: 'slow', delayMs: 50 } } });
      const backends = [
        { id: 'busy', url: busy.url, slots: 8, more: ['priority: 1'] },
        { id: 'sound', url: sound.url, slots: 40, more: ['priority: 2'] },
      ];
      await scene.open(configOf(backends, quickRetry));
      const { oracle } = scene;
      const headers = {
        seconds: '5',
        'a date': new Date(Date.now() + 6_000).toUTCString(),
        nonsense: '999999999',
      };
      await busy.set({ all: { kind: 'rateLimited', retryAfter: headers[form] } });
      const load = oracle.load(20, 12_000);
      await busy.until(({ calls }) => calls > 0, 10_000);
      const firstAtMonoMs = performance.now();
      await pause(1_000);
      // What was on its way when the first 429 came is called all the same.
      while (await hasDispatches('busy')) await pause(20);
      const calledAtOnce = busy.counts.calls;
      await pause(firstAtMonoMs + quietMs - 500 - performance.now());
      const figures = { 'calls before it': busy.counts.calls - calledAtOnce, 'calls per job': 0 };
      await load;
      const count = await oracle.count(60_000);
      figures['calls per job'] = (busy.counts.calls + sound.counts.calls) / count.accepted;
      tellRow(row, `storm of 429, Retry-After as ${form}`, count, { figures });
      expect(count).toMatchObject({ ...nothingLost, byStatus: { succeeded: count.accepted } });
      expect(figures['calls before it']).toBe(0);
      expect(figures['calls per job']).toBeLessThanOrEqual(1.2);
    },
    rowTimeoutMs,
  );
});

async function memoryMb(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? Number.NaN) / 1_024;
}
