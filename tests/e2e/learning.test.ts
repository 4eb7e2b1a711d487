import { decode, encode, type LearnedReport, subjects, type WireJob } from '@switchyard/contracts';
import type { Backend } from '@switchyard/domain';
import { type FakeBackend, startFakeOpenAi, startTestNats } from '@switchyard/testing';
import { Started } from './started.js';
import {
  chatJob,
  eventually,
  openClient,
  startExecutor,
  startRouter,
  testBackend,
} from './yard.js';

const started = new Started();
afterEach(() => started.stop());

/** A yard of backends of which each is a fake server, with a client. */
async function yardOf(
  backends: Readonly<Record<string, { delayMs?: number; changes?: Partial<Backend> }>>,
) {
  const nats = started.keep(await startTestNats());
  const fakes: Record<string, FakeBackend> = {};
  const list: Backend[] = [];
  for (const [id, { delayMs, changes }] of Object.entries(backends)) {
    const faults = delayMs === undefined ? {} : { all: { kind: 'slow', delayMs } as const };
    fakes[id] = started.keep(await startFakeOpenAi({ models: ['fake-model'], faults }));
    list.push(testBackend(id, fakes[id].url, changes));
  }
  started.keep(await startExecutor(nats.url, list));
  const client = await openClient(nats.url);
  started.keep({ stop: () => client.close() });
  let jobs = 0;
  /** Runs one job after the other; who served each. */
  const serve = async (changes: readonly WireJob[]): Promise<string[]> => {
    const served: string[] = [];
    for (const change of changes) {
      jobs += 1;
      const id = `job-${jobs}`;
      await client.submit(chatJob(id, change));
      const cell = await client.outcome(id);
      expect(cell.status).toBe('succeeded');
      served.push(cell.backendId ?? '');
    }
    return served;
  };
  const learned = async (): Promise<LearnedReport> =>
    decode<LearnedReport>(await client.bus.ask(subjects.rpc('router', 'learned'), '{}'));
  return { nats, client, fakes, list, serve, learned };
}

const times = (count: number, change: WireJob) => Array.from({ length: count }, () => change);

/** Every backend is up, so that the first job does not go to the only one that is. */
const whenAll = (yard: { learned(): Promise<LearnedReport> }, count: number) =>
  eventually(async () => expect((await yard.learned()).backends).toHaveLength(count));

describe('weighted_round_robin in a running yard', () => {
  it('serves in the smooth order of the weights', async () => {
    const yard = await yardOf({
      a: { changes: { weight: 5 } },
      b: { changes: { weight: 1 } },
      c: { changes: { weight: 1 } },
    });
    started.keep(await startRouter(yard.nats.url));
    await whenAll(yard, 3);
    const served = await yard.serve(times(14, { strategy: 'Smooth-Weighted-Round-Robin' }));
    expect(served.join('')).toBe('aabacaaaabacaa');
  }, 60_000);
});

describe('prefix_affinity in a running yard', () => {
  const asking = (text: string): WireJob => ({
    strategy: 'prefix_affinity',
    estimatedInputTokens: 2_500,
    body: { model: 'fake-model', messages: [{ role: 'user', content: text.repeat(2_000) }] },
  });

  it('sends a long prompt again to the backend that has served it', async () => {
    const yard = await yardOf({ a: {}, b: {}, c: {} });
    started.keep(await startRouter(yard.nats.url));
    await whenAll(yard, 3);
    const [first, second] = [asking('alpha '), asking('omega ')];
    const [one, other] = await yard.serve([first, second]);
    expect(other).not.toBe(one);
    expect(await yard.serve([first, first, second, first, second])).toEqual([
      one,
      one,
      other,
      one,
      other,
    ]);
  }, 60_000);
});

describe('what a router learns', () => {
  const learning = { everyMs: 1, learningRate: 0.5 };

  it('leads bandit to the fast backend, and survives a restart', async () => {
    const yard = await yardOf({ fast: {}, slow: { delayMs: 150 } });
    const router = await startRouter(yard.nats.url, { learning });
    await whenAll(yard, 2);
    const served = await yard.serve(times(40, { strategy: 'bandit' }));
    const late = served.slice(-20).filter((id) => id === 'fast').length;
    expect(late).toBeGreaterThanOrEqual(18);
    const samples = async () =>
      (await yard.learned()).backends.map(({ durationSamples }) => durationSamples);
    await eventually(async () => expect((await samples()).reduce((a, b) => a + b)).toBe(40));
    const before = await samples();
    await router.stop();

    started.keep(await startRouter(yard.nats.url, { learning }));
    await whenAll(yard, 2);
    expect(await samples()).toEqual(before);
    const again = await yard.serve(times(15, { strategy: 'bandit' }));
    expect(again.filter((id) => id === 'fast').length).toBeGreaterThanOrEqual(12);
  }, 60_000);

  it('gives adaptive_learning its weights, which survive a restart', async () => {
    const yard = await yardOf({ fast: {}, slow: { delayMs: 2_500 } });
    const router = await startRouter(yard.nats.url, { learning });
    await whenAll(yard, 2);
    const question = { model: 'fake-model', messages: [{ role: 'user', content: 'Compare a, b' }] };
    await yard.serve(times(12, { strategy: 'adaptive_learning', body: question }));
    await eventually(async () => expect((await yard.learned()).weights).not.toHaveLength(0));
    const before = (await yard.learned()).weights;
    expect(before).toEqual([
      { backendId: 'fast', queryType: 'analytical', weight: expect.closeTo(0.95, 2) },
    ]);
    await router.stop();

    started.keep(await startRouter(yard.nats.url, { learning }));
    await whenAll(yard, 2);
    expect((await yard.learned()).weights).toEqual(before);
  }, 60_000);

  it('takes ratings of answers in, and refuses what is none', async () => {
    const yard = await yardOf({ a: {} });
    started.keep(await startRouter(yard.nats.url));
    await whenAll(yard, 1);
    const rate = (asked: object) =>
      yard.client.bus.ask(subjects.rpc('router', 'rate'), encode(asked));
    await rate({ backendId: 'a', relevance: 0.5, accuracy: 1 });
    await eventually(async () => {
      const [known] = (await yard.learned()).backends;
      expect(known?.quality).toBeCloseTo(0.5 / 0.7, 6);
    });
    await expect(rate({ backendId: 'b', relevance: 1 })).rejects.toMatchObject({
      code: 'not_found',
    });
    await expect(rate({ backendId: 'a', relevance: 7 })).rejects.toMatchObject({
      code: 'invalid_request',
    });
  }, 60_000);
});
