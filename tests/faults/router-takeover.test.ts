import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DecisionRecord } from '@switchyard/routing';
import { eventually, type FakeBackend, startFakeOpenAi } from '@switchyard/testing';
import type { Context } from '../../services/cli/src/context.js';
import { runReplay } from '../../services/cli/src/replay/replay.js';
import { configOf, Oracle } from './oracle.js';
import { Processes, type ServiceProcess } from './processes.js';
import { chatRequest } from './scene.js';

type Decided = {
  readonly task_id: string;
  readonly backend: string;
  readonly strategy: string;
  readonly reasoning: string;
  readonly record: DecisionRecord;
};
type Learned = {
  readonly weights: readonly object[];
  readonly backends: readonly { readonly durationSamples: number }[];
};

/** A conversation begins with a text of its own, of six blocks. */
const systemText = (name: string) => `You are ${name}. `.padEnd(12_500, `Mind ${name}. `);

/** Two routers as processes of their own: the one that stands by has to do without a word. */
describe('kill -9 of the active router of two', () => {
  const fakes: FakeBackend[] = [];
  let processes: Processes;
  let oracle: Oracle;
  let active: ServiceProcess;
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'switchyard-takeover-'));
    for (let more = 0; more < 3; more += 1) {
      fakes.push(await startFakeOpenAi({ models: ['fake-model'], firstTokenDelayMs: 20 }));
    }
    const backends = fakes.map(({ url }, at) => ({ id: `gpu-${at}`, url, slots: 8 }));
    const rest = 'strategy: prefix_affinity';
    processes = await Processes.open(configOf(backends, rest));
    active = await processes.start('router');
    await processes.startAll('six', ['router', 'gateway', 'executor-openai-compatible']);
    oracle = await Oracle.open(processes.nats.url);
  }, 120_000);

  afterAll(async () => {
    await oracle?.close();
    await processes?.close();
    for (const fake of fakes) await fake.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const get = async <Answer>(path: string): Promise<Answer> =>
    (await (await fetch(`${processes.apiUrl}${path}`)).json()) as Answer;
  /** Asks the next question of a conversation; the job's id, once it was answered. */
  const ask = async (name: string, question: string): Promise<string> => {
    const messages = [
      { role: 'system', content: systemText(name) },
      { role: 'user', content: question },
    ];
    const url = `${processes.apiUrl}/v1/chat/completions`;
    const answer = await fetch(url, chatRequest({ messages }));
    await answer.text();
    const jobId = answer.headers.get('x-switchyard-job') ?? '';
    expect([answer.status, jobId]).toEqual([200, expect.stringMatching(/./)]);
    oracle.accept(jobId);
    return jobId;
  };
  const decisions = async (): Promise<readonly Decided[]> =>
    (await get<{ decisions: Decided[] }>('/api/v1/decisions?record=true&limit=100')).decisions;
  /** Where a job was sent, and how much of its prompt was believed to be there. */
  const decided = async (jobId: string) => {
    const found: Decided[] = [];
    await eventually(async () => {
      found.push(...(await decisions()).filter(({ task_id }) => task_id === jobId));
      expect(found.length).toBeGreaterThan(0);
    });
    const { backend, record } = found[0] as Decided;
    return { backend, hitTokens: record.facts?.hitTokens[backend] ?? 0 };
  };
  /** What was learned, once so many answers were. */
  const learnedOf = async (answers: number): Promise<Learned['weights']> => {
    let told: Learned | undefined;
    await eventually(async () => {
      told = await get<Learned>('/api/v1/learned-weights');
      const sum = told.backends.reduce((all, { durationSamples }) => all + durationSamples, 0);
      expect(sum).toBe(answers);
    });
    return told?.weights ?? [];
  };

  it('is taken over with what was learned, and what was saved of the prefix caches', async () => {
    const home = await decided(await ask('ann', 'Where?'));
    const objects = await oracle.client.bus.objects();
    await eventually(async () => {
      const saved = Buffer.from((await objects.get('router/prefixes')) ?? []);
      expect(saved.toString('latin1')).toContain('"blocks":6');
    });
    // These may come before the caches are saved again.
    const late = new Map<string, string>();
    for (const name of ['bob', 'cleo', 'dora']) {
      late.set(name, (await decided(await ask(name, 'Where?'))).backend);
    }
    const weights = await learnedOf(1 + late.size);

    const killedAtMonoMs = performance.now();
    await active.kill9();
    // Asked while nobody routes: answered by the one that takes over.
    const meanwhile = await ask('ann', 'And then?');
    expect(performance.now() - killedAtMonoMs).toBeLessThan(10_000);
    expect(await decided(meanwhile)).toEqual({ backend: home.backend, hitTokens: 3_000 });
    expect(await learnedOf(2 + late.size)).toEqual(weights);

    // What was lost is found again with the second prompt of a conversation.
    for (const [name, backend] of late) {
      const again = await decided(await ask(name, 'And then?'));
      const isKnown = again.hitTokens > 0 && again.backend === backend;
      expect([name, again.hitTokens]).toEqual([name, isKnown ? 3_000 : 0]);
      const third = await decided(await ask(name, 'And now?'));
      expect([name, third]).toEqual([name, { backend: again.backend, hitTokens: 3_000 }]);
    }
  }, 120_000);

  it('leaves decisions that are explained and decided again byte for byte', async () => {
    const all = await decisions();
    const counted = await oracle.count(10_000);
    expect(counted).toMatchObject({ lost: 0, twice: 0, accepted: all.length });
    for (const { task_id, backend } of all) {
      const { decisions: why } = await get<{ decisions: Decided[] }>(
        `/api/v1/tasks/${task_id}/explain`,
      );
      expect(why).toMatchObject([{ task_id, backend, strategy: 'prefix_affinity' }]);
      expect(why[0]?.reasoning).toContain(`prefix_affinity chose ${backend} with`);
    }
    const file = join(folder, 'decisions.jsonl');
    await writeFile(file, all.map(({ record }) => `${JSON.stringify(record)}\n`).join(''));
    let text = '';
    const terminal = { isJson: false, out: (line: string) => void (text += line), note: () => {} };
    const context = { terminal } as unknown as Context;
    expect(await runReplay(context, file, { limit: 100 })).toBe(0);
    expect(text).toContain(`${all.length} of ${all.length} decisions come out the same`);
  }, 60_000);
});
