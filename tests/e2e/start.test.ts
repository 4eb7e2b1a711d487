import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isAlive, natsServerPid, StandaloneProcess } from './standalone-process.js';
import { eventually } from './yard.js';

const model = 'simulated-chat';
const question = { model, messages: [{ role: 'user', content: 'Where does this train go?' }] };

const post = (url: string, body: object) =>
  fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });

/**
 * How far those of Node's own threads that stand back for others do, in steps of niceness from 1
 * on. Undefined where nobody tells: Linux alone does.
 */
async function nicenesses(pid: number): Promise<number[] | undefined> {
  if (process.platform !== 'linux') return undefined;
  const folder = `/proc/${pid}/task`;
  const stats = (await readdir(folder)).map((tid) => readFile(join(folder, tid, 'stat'), 'utf8'));
  const own = (await Promise.all(stats)).filter((text) => text.includes('(node) '));
  // The 19th field; the second, the name, ends at the bracket.
  const all = own.map((text) => Number(text.split(') ').at(-1)?.split(' ')[16]));
  // The tests themselves may stand back.
  const usual = Math.min(...all);
  return all.map((niceness) => niceness - usual).filter((below) => below > 0);
}

/** A folder of a test's own, and the standalones that are started there. */
class Place {
  readonly folder: string;
  readonly #started: StandaloneProcess[] = [];

  private constructor(folder: string) {
    this.folder = folder;
  }

  /** What a test does in a place, which is cleared afterwards. */
  static for(act: (place: Place) => Promise<void>): () => Promise<void> {
    return async () => {
      const place = new Place(await mkdtemp(join(tmpdir(), 'switchyard-start-')));
      try {
        await act(place);
      } finally {
        await place.#clear();
      }
    };
  }

  start(args: readonly string[] = ['--demo']): StandaloneProcess {
    const made = new StandaloneProcess(this.folder, args);
    this.#started.push(made);
    return made;
  }

  natsPid(): Promise<number | undefined> {
    return natsServerPid(join(this.folder, '.switchyard', 'demo'));
  }

  async #clear(): Promise<void> {
    for (const each of this.#started) await each.stop('SIGTERM');
    const pid = await this.natsPid();
    if (pid && isAlive(pid)) process.kill(pid, 'SIGKILL');
    await rm(this.folder, { recursive: true, force: true });
  }
}

/**
 * `npm start` as its users meet it: the built process, with its own nats-server. One after the
 * other, as each first start takes the same port where that is free.
 */
describe('a start', () => {
  it(
    'serves, says where, and leaves nothing behind',
    Place.for(async (place) => {
      const standalone = place.start();
      const url = await standalone.ready();
      // People see a screen, machines read a log of JSON lines.
      const [curl] = /curl http\S+\/v1\/chat\/completions/.exec(standalone.screen) ?? [];
      expect(curl).toBe(`curl ${url}/v1/chat/completions`);
      expect(standalone.screen).toContain(`"model":"${model}"`);
      expect(standalone.screen.match(/SIMULATED/g)).toHaveLength(3);
      expect(standalone.log.find(({ message }) => message === 'ready')).toMatchObject({
        level: 'info',
        apiUrl: url,
        backends: ['simulated-quick', 'simulated-slow', 'simulated-shaky'],
      });
      expect((await fetch(`${url}/health`)).status).toBe(200);

      const answer = await post(`${url}/v1/chat/completions`, question);
      const { choices } = (await answer.json()) as { choices: { message: { content: string } }[] };
      expect(answer.status).toBe(200);
      expect(answer.headers.get('x-switchyard-backend')).toMatch(/^simulated-/);
      expect(choices[0]?.message.content).toMatch(/\w/);

      const stream = await post(`${url}/v1/chat/completions`, { ...question, stream: true });
      expect(await stream.text()).toMatch(/^id: 1-0\ndata: \{[\s\S]*\ndata: \[DONE\]\n\n$/);

      const listed = await fetch(`${url}/api/v1/backends`);
      const { backends } = (await listed.json()) as { backends: { simulated: boolean }[] };
      expect(backends.map(({ simulated }) => simulated)).toEqual([true, true, true]);

      // The thread that folds, and it alone.
      expect((await nicenesses(standalone.pid)) ?? [5]).toEqual([5]);

      const pid = (await place.natsPid()) ?? 0;
      expect(isAlive(pid)).toBe(true);
      const { code } = await standalone.stop();
      expect(code).toBe(0);
      expect(isAlive(pid)).toBe(false);
      await expect(fetch(`${url}/health`)).rejects.toThrow('fetch failed');
    }),
  );

  it(
    'in the folder of another says so and ends, and the other goes on',
    Place.for(async (place) => {
      const first = place.start();
      const url = await first.ready();
      const { code, err } = await place.start().ended;
      expect(code).toBe(1);
      expect(err).toContain(`A Switchyard (process ${first.pid}) already runs in`);
      expect((await fetch(`${url}/health`)).status).toBe(200);
    }),
  );

  it(
    'after a kill finds its nats-server and its jobs again',
    Place.for(async (place) => {
      const first = place.start();
      const before = await first.ready();
      const task = { payload: 'Hello', parameters: { model } };
      const submitted = await post(`${before}/api/v1/tasks?wait=20000`, task);
      const { task_id: id } = (await submitted.json()) as { task_id: string };
      const pid = await place.natsPid();
      await first.stop('SIGKILL');

      const second = place.start();
      const after = await second.ready();
      expect(second.screen).toContain('found running');
      expect(await place.natsPid()).toBe(pid);
      const kept = await fetch(`${after}/api/v1/tasks/${id}`);
      expect(await kept.json()).toMatchObject({ task_id: id, status: 'completed' });
    }),
  );

  it(
    'drains: what streams is streamed to its end, and nobody new is let in',
    Place.for(async (place) => {
      const standalone = place.start();
      const url = await standalone.ready();
      const asked = { ...question, model: 'simulated-large', stream: true };
      const answer = await post(`${url}/v1/chat/completions`, asked);
      const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
      let text = (await reader?.read())?.value ?? '';
      standalone.signal('SIGTERM');
      await eventually(() => expect(fetch(`${url}/health`)).rejects.toThrow('fetch failed'));
      expect(standalone.log.some(({ message }) => message === 'stopped')).toBe(false);
      for (let read = await reader?.read(); read && !read.done; read = await reader?.read()) {
        text += read.value;
      }
      expect(text).toMatch(/data: \[DONE\]\n\n$/);
      expect((await standalone.ended).code).toBe(0);
    }),
  );

  it(
    'drains: what runs for nobody is finished and not begun again',
    Place.for(async (place) => {
      const first = place.start();
      const before = await first.ready();
      const task = { payload: 'Hello', parameters: { model: 'simulated-large' } };
      const submitted = await post(`${before}/api/v1/tasks`, task);
      const { task_id: id } = (await submitted.json()) as { task_id: string };
      const read = async (url: string) => (await fetch(`${url}/api/v1/tasks/${id}`)).json();
      await eventually(async () => expect(await read(before)).toMatchObject({ status: 'running' }));
      expect((await first.stop()).code).toBe(0);

      const after = await place.start().ready();
      expect(await read(after)).toMatchObject({ status: 'completed', retry_count: 0 });
    }),
  );

  it(
    'that is told to stop before it is ready leaves nothing behind',
    Place.for(async (place) => {
      const standalone = place.start();
      const pid = await untilDefined(() => place.natsPid());
      const { code } = await standalone.stop();
      expect(code).toBe(0);
      expect(isAlive(pid)).toBe(false);
    }),
  );

  it(
    'told twice leaves at once',
    Place.for(async (place) => {
      const standalone = place.start();
      const url = await standalone.ready();
      const asked = { ...question, model: 'simulated-large', stream: true };
      const answer = await post(`${url}/v1/chat/completions`, asked);
      await answer.body?.getReader().read();
      standalone.signal('SIGINT');
      await standalone.told('stopping: what runs is finished first; once more to leave at once');
      // One that follows at once is the same Ctrl-C, passed on by a shell or by npm.
      standalone.signal('SIGINT');
      await new Promise((resolve) => setTimeout(resolve, 400));
      expect(isAlive(standalone.pid)).toBe(true);
      expect((await standalone.stop('SIGINT')).code).toBe(130);
    }),
  );

  it(
    'on a port that another program has says what to do',
    Place.for(async (place) => {
      const other = createServer().listen(0, '127.0.0.1');
      await once(other, 'listening');
      const { port } = other.address() as AddressInfo;
      const { code, err } = await place.start(['--demo', '--port', String(port)]).ended;
      other.close();
      expect(code).toBe(1);
      expect(err).toContain(`The API cannot listen on 127.0.0.1:${port}: another program has that`);
      await eventually(async () => expect(await place.natsPid()).toBeUndefined());
    }),
  );

  it(
    'with settings that cannot be used tells every problem and ends with 78',
    Place.for(async (place) => {
      await writeFile(join(place.folder, 'odd.yaml'), 'strategy: best\nqueue:\n  capactiy: 3\n');
      const { code, err } = await place.start(['--config', 'odd.yaml']).ended;
      expect(code).toBe(78);
      expect(err).toContain('odd.yaml:1  strategy: must be one of');
      expect(err).toContain('odd.yaml:3  queue.capactiy:');
    }),
  );

  it(
    'with a flag that nobody knows names those that exist',
    Place.for(async (place) => {
      const { code, err } = await place.start(['--prot', '1']).ended;
      expect(code).toBe(1);
      expect(err).toContain('--port');
    }),
  );
});

async function untilDefined<Value>(find: () => Promise<Value | undefined>): Promise<Value> {
  let found: Value | undefined;
  await eventually(async () => {
    found = await find();
    if (found === undefined) throw new Error('it is not there');
  });
  return found as Value;
}
