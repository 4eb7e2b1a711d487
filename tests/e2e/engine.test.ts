import { mkdtemp, rm } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLog } from '@switchyard/domain';
import OpenAI from 'openai';
import { cacheFolder } from '../../services/standalone/src/binaries/cache-folder.js';
import {
  type EmbeddedEngine,
  startEmbeddedEngine,
} from '../../services/standalone/src/engine/embedded-engine.js';
import { type House, startHouse } from './house.js';
import { Started } from './started.js';
import { eventually, testBackend } from './yard.js';

type Engine = Extract<EmbeddedEngine, { kind: 'started' }>;

const dataDir = await mkdtemp(join(tmpdir(), 'switchyard-e2e-engine-'));
const engine = await startEmbeddedEngine({
  cacheDir: cacheFolder(process.env.XDG_CACHE_HOME, homedir()),
  searchPath: process.env.PATH,
  log: silentLog,
  dataDir,
});
const title =
  engine.kind === 'started'
    ? 'the embedded engine behind the doors'
    : `the embedded engine (cannot be had here: ${engine.reason})`;

(engine.kind === 'started' ? describe : describe.skip)(title, () => {
  const started = new Started();
  const { url, model } = engine as Engine;
  const chat = {
    model,
    messages: [{ role: 'user' as const, content: 'Who decides in the yard?' }],
    max_tokens: 12,
  };
  let house: House;
  let client: OpenAI;
  beforeAll(async () => {
    const backends = [testBackend('engine', url)];
    // The product's own delays: an engine that starts again is ready within them.
    house = started.keep(await startHouse({ backends, retryDelaysMs: [1_000, 3_000] }));
    client = new OpenAI({ baseURL: `${house.url}/v1`, apiKey: 'none', maxRetries: 0 });
  });
  afterAll(() => started.stop());

  it('answers a chat', async () => {
    const { choices, usage } = await client.chat.completions.create(chat);
    expect(choices[0]?.message.content).toMatch(/[a-z]/);
    expect(usage?.completion_tokens).toBeGreaterThan(0);
    expect(usage?.completion_tokens).toBeLessThanOrEqual(12);
  });

  it('streams a chat with usage, the same text as in one piece', async () => {
    const same = { ...chat, temperature: 0, seed: 1 };
    const whole = await client.chat.completions.create(same);
    const stream = await client.chat.completions.create({
      ...same,
      stream: true,
      stream_options: { include_usage: true },
    });
    let text = '';
    let usage: OpenAI.CompletionUsage | null | undefined;
    for await (const chunk of stream) {
      text += chunk.choices[0]?.delta.content ?? '';
      usage = chunk.usage ?? usage;
    }
    expect(text).toBe(whole.choices[0]?.message.content);
    expect(usage?.completion_tokens).toBe(whole.usage?.completion_tokens);
  });

  it('embeds texts, and the same text alike', async () => {
    const input = ['the wagon waits', 'fresh fish', 'the wagon waits'];
    const { data } = await client.embeddings.create({ model, input });
    expect(data).toHaveLength(3);
    expect(data[0]?.embedding.length).toBeGreaterThan(8);
    const distance = (a: number, b: number) =>
      Math.hypot(...data[a]!.embedding.map((x, at) => x - data[b]!.embedding[at]!));
    expect(distance(0, 2)).toBeLessThan(1e-3);
    expect(distance(0, 1)).toBeGreaterThan(0.1);
  });

  it('stops working for a client that left', async () => {
    const stream = await client.chat.completions.create({ ...endless, stream: true });
    for await (const chunk of stream) if (chunk.choices[0]?.delta.content) break;
    await eventually(async () => expect(await busySlots()).toBe(0));
  });

  it('ends a stream with an error event where it is killed, and serves again', async () => {
    const pid = (engine as Engine).pid as number;
    const answer = await house.post('/v1/chat/completions', { ...endless, stream: true });
    const events = await readKilling(answer, pid);
    const last = JSON.parse(events.at(-1) as string);
    expect(last.error).toMatchObject({ code: 'stream_interrupted' });
    expect(events).not.toContain('[DONE]');
    const jobId = answer.headers.get('x-switchyard-job') as string;
    const read = await house.bus.cells.read(jobId);
    expect(read?.cell.outcome?.failure?.code).toBe('stream_interrupted');
    expect(read?.cell.attemptNo).toBe(1);
    const after = await client.chat.completions.create(chat);
    expect(after.choices[0]?.message.content).toMatch(/[a-z]/);
    expect((engine as Engine).pid).not.toBe(pid);
  }, 60_000);

  /** So long that only an abort or a kill ends it within a test. */
  const endless = { ...chat, max_tokens: 2_000, ignore_eos: true };

  const busySlots = async (): Promise<number> => {
    const slots = (await (await fetch(`${url}/slots`)).json()) as { is_processing: boolean }[];
    return slots.filter((slot) => slot.is_processing).length;
  };
});

afterAll(async () => {
  if (engine.kind === 'started') await engine.stop();
  await rm(dataDir, { recursive: true, force: true });
});

/** Reads a stream to its end; kills the engine after the first event. */
async function readKilling(answer: Response, pid: number): Promise<string[]> {
  let text = '';
  for await (const bytes of answer.body as unknown as AsyncIterable<Uint8Array>) {
    if (text === '') process.kill(pid, 'SIGKILL');
    text += Buffer.from(bytes).toString();
  }
  return text
    .split('\n\n')
    .filter((block) => block.startsWith('data: '))
    .map((block) => block.slice('data: '.length));
}
