import { eventually, type FakeBackend, startFakeOpenAi } from '@switchyard/testing';
import { configOf, Oracle, quickRetry } from './oracle.js';
import { type Layout, Processes, type ServiceName, type ServiceProcess } from './processes.js';

const jobs = 200;
const wideModel = 'wide-model';

/** Whose kill is what is asked, and which processes are killed under load. */
const layouts: readonly [Layout, ServiceName, readonly ServiceName[]][] = [
  ['six', 'executor-openai-compatible', ['router', 'gateway', 'task-tracker']],
  ['one', 'standalone', ['standalone']],
];

/** One scene for a layout: every kill meets what the kills before have left. */
describe.each(layouts)(
  'kill -9 with the services as %s process(es)',
  (layout, executing, underLoad) => {
    let wide: FakeBackend;
    let narrow: FakeBackend;
    let processes: Processes;
    let oracle: Oracle;
    const running = new Map<ServiceName, ServiceProcess>();

    beforeAll(async () => {
      wide = await slowBackend(wideModel, 3_000);
      narrow = await slowBackend('fake-model', 20);
      const backends = [
        { id: 'wide', url: wide.url, slots: jobs },
        { id: 'narrow', url: narrow.url, slots: 8 },
      ];
      processes = await Processes.open(configOf(backends, quickRetry));
      for (const started of await processes.startAll(layout)) running.set(started.name, started);
    }, 120_000);

    beforeEach(async () => {
      oracle = await Oracle.open(processes.nats.url);
    });
    afterEach(() => oracle?.close());

    afterAll(async () => {
      await processes?.close();
      await Promise.all([wide?.stop(), narrow?.stop()]);
    });

    const kill = (name: ServiceName) => running.get(name)?.kill9();
    const start = async (name: ServiceName) => running.set(name, await processes.start(name));
    /** Resolves while the narrow backend works on what was submitted. */
    const submitLoad = async (prefix: string) => {
      const { completed: before } = narrow.counts;
      await oracle.submit(jobs, prefix);
      await narrow.until(({ completed }) => completed > before + 20, 30_000);
    };

    it('of the executor while 200 jobs run: every job ends once', async () => {
      await oracle.submit(jobs, 'wide', askOf(wideModel));
      await wide.until((counts) => counts.running === jobs, 30_000);
      await kill(executing);
      await start(executing);
      expect(await oracle.count(60_000)).toEqual(allSucceeded(jobs));
      expect(wide.counts.calls).toBe(2 * jobs);
    }, 300_000);

    it.each(underLoad)(
      'of the %s under load: no accepted job is lost',
      async (name) => {
        await submitLoad(name);
        await kill(name);
        await oracle.submit(jobs, `${name}-meanwhile`);
        await start(name);
        expect(await oracle.count(60_000)).toEqual(allSucceeded(2 * jobs));
      },
      300_000,
    );

    it('of the nats-server under load: no accepted job is lost', async () => {
      await submitLoad('nats');
      await processes.nats.kill9();
      await processes.nats.restart();
      await eventually(() => expect(oracle.client.bus.isConnected).toBe(true));
      await oracle.submit(jobs, 'nats-after');
      const { lost, twice, accepted } = await oracle.count(90_000);
      expect({ lost, twice, accepted }).toEqual({ lost: 0, twice: 0, accepted: 2 * jobs });
    }, 300_000);
  },
);

const slowBackend = (model: string, delayMs: number): Promise<FakeBackend> =>
  startFakeOpenAi({ models: [model], faults: { all: { kind: 'slow', delayMs } } });

const askOf = (model: string) => ({
  body: { model, messages: [{ role: 'user', content: 'Which track?' }] },
});

const allSucceeded = (count: number) => ({
  accepted: count,
  lost: 0,
  twice: 0,
  chargedTwice: 0,
  byStatus: { succeeded: count },
});
