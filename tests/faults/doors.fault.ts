import { nothingLost, tellRow } from './fault-table.js';
import { atRate, configFor, configOf, pause } from './oracle.js';
import { freePort } from './processes.js';
import { chatRequest, Scene } from './scene.js';

const rowTimeoutMs = 300_000;

describe('the doors', () => {
  let scene: Scene;
  beforeEach(() => {
    scene = new Scene();
  });
  afterEach(() => scene.close());

  const chatUrl = () => `${scene.processes.apiUrl}/v1/chat/completions`;
  const keyed = (key: string, more: object = {}) => chatRequest(more, { 'idempotency-key': key });

  it.each([
    ['15', true],
    ['15.1', false],
  ] as const)(
    'row %s: the client goes away, stream %s',
    async (row, stream) => {
      const faults = stream ? {} : { all: { kind: 'slow', delayMs: 20_000 } as const };
      const fake = await scene.fake({ tokensPerSecond: 2, outputTokens: 100, faults });
      await scene.openStandalone(configFor(fake.url, 10));
      const { oracle } = scene;
      const leaving = new AbortController();
      const asked = Array.from({ length: 5 }, () =>
        fetch(chatUrl(), { ...chatRequest({ stream }), signal: leaving.signal })
          .then((answer) => answer.text())
          .catch(() => {}),
      );
      await fake.until(({ running }) => running === 5, 20_000);
      await pause(1_000);
      const leftAtMonoMs = performance.now();
      leaving.abort();
      await fake.until(({ running }) => running === 0, 15_000);
      const abortedMs = performance.now() - leftAtMonoMs;
      await Promise.all(asked);
      await pause(3_000);
      for (const { jobId } of oracle.runs) oracle.accept(jobId);
      const count = await oracle.count(10_000);
      tellRow(row, `client goes away, ${stream ? 'stream' : 'no stream'}`, count, {
        figures: { 'backend aborted after ms': abortedMs },
      });
      expect(count).toMatchObject({ ...nothingLost, byStatus: { canceled: 5 } });
      expect({ calls: fake.counts.calls, aborted: fake.counts.aborted }).toEqual({
        calls: 5,
        aborted: 5,
      });
      expect(abortedMs).toBeLessThanOrEqual(1_000);
    },
    rowTimeoutMs,
  );

  it(
    'row 8: ten times the rate limit at four gateways',
    async () => {
      const [perMinute, gateways, forMs] = [1_200, 4, 66_000];
      const fake = await scene.fake();
      const limits = `rate_limits:\n  requests_per_minute: ${perMinute}`;
      await scene.open(configOf([{ id: 'one', url: fake.url, slots: 50 }], limits));
      const { oracle, processes } = scene;
      const urls = [processes.apiUrl];
      while (urls.length < gateways) {
        const httpPort = await freePort();
        await processes.start('gateway', { httpPort });
        urls.push(`http://127.0.0.1:${httpPort}`);
      }
      const refusals: (string | null)[] = [];
      const admitted: { readonly sentMonoMs: number; readonly answeredMonoMs: number }[] = [];
      const submit = async (at: number) => {
        const sentMonoMs = performance.now();
        const { status, headers } = await oracle.submitTask(urls[at % gateways] ?? '');
        if (status === 202) admitted.push({ sentMonoMs, answeredMonoMs: performance.now() });
        else refusals.push(`${status} ${headers.has('retry-after')}`);
      };
      const offered = await atRate((perMinute / 60) * 10, forMs, submit);
      const count = await oracle.count(30_000);
      // A request is admitted somewhere between question and answer, whatever else takes its time.
      const inAMinute = admitted.map(
        ({ sentMonoMs: fromMs }) =>
          admitted.filter(
            ({ sentMonoMs, answeredMonoMs }) =>
              sentMonoMs >= fromMs && answeredMonoMs <= fromMs + 60_000,
          ).length,
      );
      const figures = {
        offered,
        'most admitted in a minute': Math.max(...inAMinute),
        'allowed in a minute': perMinute,
      };
      tellRow('8', 'ten times the rate limit, four gateways, for 66 s', count, {
        figures,
        seen: `refused with ${[...new Set(refusals)].join(', ')} (has Retry-After)`,
      });
      expect(new Set(refusals)).toEqual(new Set(['429 true']));
      expect(figures['most admitted in a minute']).toBeLessThanOrEqual(perMinute);
      expect(figures['most admitted in a minute']).toBeGreaterThan(perMinute * 0.95);
      expect(count).toMatchObject({ ...nothingLost, byStatus: { succeeded: count.accepted } });
    },
    rowTimeoutMs,
  );

  it(
    'row 16: fifty requests with one key at once',
    async () => {
      const fake = await scene.fake({ faults: { all: { kind: 'slow', delayMs: 500 } } });
      await scene.openStandalone(configFor(fake.url, 50));
      const { oracle } = scene;
      const answers = await Promise.all(
        Array.from({ length: 50 }, async () => {
          const answer = await fetch(chatUrl(), keyed('same'));
          const { id, choices } = (await answer.json()) as Record<string, unknown>;
          return { status: answer.status, said: JSON.stringify([id, choices]) };
        }),
      );
      const other = await fetch(chatUrl(), keyed('same', { temperature: 0.5 }));
      await other.text();
      for (const jobId of new Set(oracle.runs.map((run) => run.jobId))) oracle.accept(jobId);
      const count = await oracle.count(10_000);
      const different = new Set(answers.map(({ said }) => said)).size;
      tellRow('16', 'one idempotency key fifty times at once', count, {
        figures: { calls: fake.counts.calls, answers: different },
        seen: `another body is ${other.status}`,
      });
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
      expect({ calls: fake.counts.calls, different, other: other.status }).toEqual({
        calls: 1,
        different: 1,
        other: 409,
      });
      expect(count).toMatchObject({ accepted: 1, ...nothingLost, byStatus: { succeeded: 1 } });
    },
    rowTimeoutMs,
  );

  it(
    'row 17: the same key after the duplicate window of the server',
    async () => {
      const fake = await scene.fake();
      await scene.openStandalone(configFor(fake.url, 10));
      const { oracle } = scene;
      const ask = async () => {
        const answer = await fetch(chatUrl(), keyed('again'));
        return { status: answer.status, text: await answer.text() };
      };
      const first = await ask();
      await pause(125_000);
      const second = await ask();
      for (const jobId of new Set(oracle.runs.map((run) => run.jobId))) oracle.accept(jobId);
      const count = await oracle.count(10_000);
      tellRow('17', 'the same key 125 s later', count, {
        figures: { calls: fake.counts.calls },
      });
      expect(second.status).toBe(200);
      expect(JSON.parse(second.text).choices).toEqual(JSON.parse(first.text).choices);
      expect(fake.counts.calls).toBe(1);
      expect(count).toMatchObject({ accepted: 1, ...nothingLost, byStatus: { succeeded: 1 } });
    },
    rowTimeoutMs,
  );

  it(
    'row 24: cancel while it runs',
    async () => {
      const fake = await scene.fake({ faults: { all: { kind: 'slow', delayMs: 20_000 } } });
      await scene.open(configFor(fake.url, 10));
      const { oracle, processes } = scene;
      await oracle.submitTasks(10, processes.apiUrl);
      await fake.until(({ running }) => running === 10, 20_000);
      const canceledAtMonoMs = performance.now();
      await Promise.all(
        oracle.accepted.map((id) =>
          fetch(`${processes.apiUrl}/api/v1/tasks/${id}`, { method: 'DELETE' }).then((answer) =>
            answer.text(),
          ),
        ),
      );
      await fake.until(({ running }) => running === 0, 15_000);
      const abortedMs = performance.now() - canceledAtMonoMs;
      const count = await oracle.count(10_000);
      tellRow('24', 'cancel while it runs', count, {
        figures: { 'backend aborted after ms': abortedMs },
      });
      expect(count).toMatchObject({ ...nothingLost, byStatus: { canceled: 10 } });
      expect(abortedMs).toBeLessThanOrEqual(1_000);
    },
    rowTimeoutMs,
  );
});
