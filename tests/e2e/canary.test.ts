import { textOf } from '@switchyard/contracts';
import { randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createLogger, startTracing } from '@switchyard/telemetry';
import {
  type FakeBackend,
  type FakeFaults,
  startFakeOllama,
  startFakeOpenAi,
} from '@switchyard/testing';
import { InMemorySpanExporter } from '@opentelemetry/sdk-trace-node';
import { apiKeyOf, type House, startHouse } from './house.js';
import { Started } from './started.js';
import { PlainNats } from './plain-nats.js';
import { testBackend } from './yard.js';

const fresh = (name: string) => `canary-${name}-${randomUUID()}`;
/** What must not be found; each is found where it belongs, which shows that the search works. */
const canaries = {
  prompt: fresh('prompt'),
  answer: fresh('answer'),
  clientKey: fresh('clientkey'),
  strangerKey: fresh('strangerkey'),
  backendKey: fresh('backendkey'),
};

/** Streams whose messages are jobs and outcomes themselves, and so hold prompts and answers. */
const bodies = ['JOBS', 'RETRIES', 'DISPATCH', 'STATE', 'RESULTS', 'CHUNKS', 'DEAD'];

const chat = (model: string, changes = {}) => ({
  model,
  messages: [
    { role: 'system', content: canaries.prompt },
    { role: 'user', content: `${canaries.answer} comes back` },
  ],
  ...changes,
});

describe('a canary in prompts, answers and keys', () => {
  const started = new Started();
  const spans = new InMemorySpanExporter();
  const lines: string[] = [];
  const errors: string[] = [];
  const answers: string[] = [];
  let wordsOfBackend = '';
  /** Everything told on any subject, those of the streams included: by its first word. */
  const told: { readonly subject: string; readonly data: string }[] = [];
  let house: House;
  let fakes: Readonly<Record<string, FakeBackend>>;

  beforeAll(async () => {
    const log = createLogger({
      level: 'debug',
      format: 'json',
      service: 'house',
      instanceId: 'house-1',
      destination: { write: (line: string) => void lines.push(line) },
    });
    const env = {};
    const tracing = await startTracing({
      service: 'house',
      instanceId: 'house-1',
      env,
      exporter: spans,
    });
    fakes = await startFakes(started);
    const backends = Object.entries(fakes).flatMap(([model, { url, kind }]) =>
      // Three of each: a backend that failed is left alone for a while.
      [1, 2, 3].map((number) =>
        testBackend(`${model}-${number}`, url, {
          apiKey: canaries.backendKey,
          ...(kind === 'ollama' ? { kind: 'ollama', endpointUrl: url } : {}),
        }),
      ),
    );
    const apiKeys = [apiKeyOf(canaries.clientKey, 'team-a')];
    house = started.keep(await startHouse({ backends, apiKeys, log, tracing }));
    house.bus.listen('>', (subject, data) => {
      told.push({ subject, data: textOf(data) });
    });
    await house.bus.flush();
    await runJobs();
  }, 60_000);
  afterAll(() => started.stop());

  const post = async (path: string, body: unknown, key = canaries.clientKey) => {
    const answer = await house.post(path, body, { authorization: `Bearer ${key}` });
    const text = `${JSON.stringify([...answer.headers])}\n${await answer.text()}`;
    (answer.ok ? answers : errors).push(text);
    return answer.status;
  };

  /** One job of each ending, by each door. */
  const runJobs = async () => {
    const openai = '/v1/chat/completions';
    const rows: [status: number, path: string, body: unknown, key?: string][] = [
      [200, openai, chat('sound')],
      [200, openai, chat('sound', { stream: true })],
      [200, openai, chat('ollama')],
      [200, openai, chat('limited')],
      [400, openai, chat('picky')],
      [200, openai, chat('cut', { stream: true })],
      [502, openai, chat('broken')],
      [404, openai, chat('nobody')],
      [400, openai, chat('sound', { messages: [{ role: 7, content: canaries.prompt }] })],
      [400, openai, `{"model":"sound","messages":[${canaries.prompt}`],
      [401, openai, chat('sound'), canaries.strangerKey],
      [400, '/v1/embeddings', { model: 'sound', input: { text: canaries.prompt } }],
      [200, '/api/v1/tasks?wait=20000', { payload: chat('sound') }],
      [400, '/api/v1/tasks', { payload: chat('sound'), kind: 7 }],
    ];
    for (const [status, path, body, key] of rows)
      expect([path, body, await post(path, body, key)]).toEqual([path, body, status]);
    const refused = await house.post(openai, chat('chatty'), {
      authorization: `Bearer ${canaries.clientKey}`,
    });
    wordsOfBackend = await refused.text();
    const nats = started.keep(await PlainNats.open(house.nats.url));
    await nats.subscribe('results.*');
    const door = 'jobs.submit.normal.chat.team-a';
    await nats.request(door, JSON.stringify({ id: 'plain', body: chat('sound') }));
    await nats.request(
      door,
      JSON.stringify({
        id: 'refused',
        body: { prompt: canaries.prompt },
      }),
    );
    await nats.request(door, `{"body":"${canaries.prompt}`);
    await nats.message('results.plain');
    await nats.message('results.refused');
  };

  it('reached the backends, and came back to those who asked', () => {
    for (const fake of Object.values(fakes)) {
      expect(found(JSON.stringify(fake.lastRequest?.body))).toEqual(['prompt', 'answer']);
      expect(fake.lastRequest?.headers.authorization).toBe(`Bearer ${canaries.backendKey}`);
    }
    expect(found(answers.join('\n'))).toEqual(['answer']);
  });

  it('goes back to whoever sent it where the backend repeats it, but for the key', () => {
    expect(wordsOfBackend).toMatch(/"code":"upstream_error"/);
    expect(found(wordsOfBackend)).toEqual(['prompt']);
  });

  it('is in no error that a door answers', () => {
    expect(errors).toHaveLength(8);
    expect(errors.filter((text) => found(text).length > 0)).toEqual([]);
  });

  it('is in no log line at level debug', () => {
    expect(lines.join('')).toMatch(/no job/);
    expect(lines.filter((line) => found(line).length > 0)).toEqual([]);
  });

  it('is in no metric', async () => {
    const { body } = await house.metrics.text();
    expect(body).toMatch(/lb_requests_total\{[^}]*"broken-1"/);
    expect(found(body)).toEqual([]);
  });

  it('is in no span', () => {
    const texts = spans
      .getFinishedSpans()
      .map(({ name, attributes, events, links, status }) =>
        JSON.stringify({ name, attributes, events, links: links.length, status }),
      );
    expect(texts.length).toBeGreaterThan(30);
    expect(texts.filter((text) => found(text).length > 0)).toEqual([]);
  });

  it('is in the streams of jobs and outcomes, and in none of events or settings', async () => {
    const nats = started.keep(await PlainNats.open(house.nats.url));
    const names: string[] = JSON.parse(await nats.request('$JS.API.STREAM.NAMES', '')).streams;
    expect(names).toEqual(expect.arrayContaining(['EVENTS', 'BACKEND_EVENTS', ...bodies]));
    const holds: Record<string, string[]> = {};
    for (const stream of names) {
      const text = await everyMessage(nats, stream);
      holds[stream] = found(text);
      const charactersMin = stream.includes('EVENTS') ? 100 : -1;
      expect(text.length).toBeGreaterThan(charactersMin);
    }
    const keyed = Object.entries(holds).filter(([, held]) => held.some(isKey));
    const others = Object.entries(holds).filter(([stream]) => !bodies.includes(stream));
    expect([keyed, others.filter(([, held]) => held.length > 0)]).toEqual([[], []]);
    expect(holds.STATE).toContain('answer');
  });

  it('is as a key in no file', async () => {
    const folder = house.config.dataDir;
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile());
    expect(files.length).toBeGreaterThan(0);
    for (const { parentPath, name } of files) {
      const text = await readFile(join(parentPath, name), 'latin1');
      expect([name, found(text).filter(isKey)]).toEqual([name, []]);
    }
  });

  it('passed on no other subject than those of jobs and outcomes', () => {
    const subjects = told
      .filter(({ data }) => found(data).length > 0)
      .map(({ subject }) => subject.split('.')[0] as string);
    const lawful = new Set(['jobs', 'dispatch', 'state', 'results', 'stream', 'dead']);
    const unlawful = subjects.filter((first) => !lawful.has(first) && !isInbox(first));
    expect([...new Set(unlawful)]).toEqual([]);
    expect(subjects).toEqual(expect.arrayContaining(['jobs', 'dispatch', 'state', 'results']));
    expect(told.filter(({ data }) => found(data).some(isKey))).toEqual([]);
  });
});

/** The names of the canaries in a text. */
const found = (text: string): string[] =>
  Object.entries(canaries).flatMap(([name, canary]) => (text.includes(canary) ? [name] : []));

const isKey = (name: string): boolean => name.endsWith('Key');

/** Deliveries and replies of the streams themselves. */
const isInbox = (first: string) => first === '_INBOX' || first === '$JS';

async function startFakes(started: Started) {
  const common = { text: 'echo', apiKey: canaries.backendKey } as const;
  const openai = async (model: string, faults: FakeFaults = {}) =>
    started.keep(await startFakeOpenAi({ ...common, models: [model], faults }));
  const told = (text: string) => JSON.stringify({ error: { message: `no: ${text}` } });
  const everything = `${canaries.prompt} for ${canaries.backendKey}`;
  return {
    sound: await openai('sound'),
    limited: await openai('limited', { at: { 0: { kind: 'rateLimited', retryAfter: '1' } } }),
    broken: await openai('broken', {
      all: { kind: 'status', status: 500, body: told(everything) },
    }),
    picky: await openai('picky', {
      all: { kind: 'status', status: 400, body: told(canaries.backendKey) },
    }),
    chatty: await openai('chatty', { all: { kind: 'errorInStream', message: everything } }),
    cut: await openai('cut', { all: { kind: 'cut', afterChunks: 1 } }),
    ollama: started.keep(await startFakeOllama({ ...common, models: ['ollama'] })),
  };
}

/**
 * Every message that a stream holds, with its headers, as one text; binary in base64 is shown
 * decoded too.
 */
async function everyMessage(nats: PlainNats, stream: string): Promise<string> {
  const { state } = JSON.parse(await nats.request(`$JS.API.STREAM.INFO.${stream}`, ''));
  const read = async (seq: number) => {
    const asked = JSON.stringify({ seq });
    const { message } = JSON.parse(await nats.request(`$JS.API.STREAM.MSG.GET.${stream}`, asked));
    if (!message) return '';
    const data = Buffer.from(message.data ?? '', 'base64').toString();
    const raw = /"raw":"([^"]+)"/.exec(data)?.[1] ?? '';
    const headers = Buffer.from(message.hdrs ?? '', 'base64').toString();
    return `${message.subject}\n${headers}\n${data}\n${Buffer.from(raw, 'base64').toString()}\n`;
  };
  const texts: Promise<string>[] = [];
  for (let seq = state.first_seq; seq <= state.last_seq; seq += 1) texts.push(read(seq));
  return (await Promise.all(texts)).join('');
}
