import { silentLog } from '@switchyard/domain';
import { type PrefixState, PrefixView, PromptKeyer } from '@switchyard/routing';
import { PrefixStore } from './prefix-store.js';

const keyer = new PromptKeyer();
const prompt = keyer.ofText('m', 'all aboard '.repeat(1_000));

/** Routers, one object store, and a clock. */
function setUp() {
  const objects = new Map<string, Uint8Array>();
  const clock = { nowMs: 1_700_000_000_000 };
  let puts = 0;
  const store = {
    put: async (name: string, data: Uint8Array) => {
      puts += 1;
      objects.set(name, Uint8Array.from(data));
    },
    get: async (name: string) => objects.get(name),
  };
  const start = (blockTokens = 500) => {
    const view = new PrefixView({ blockTokens });
    let isServed = false;
    const readings = {
      prefixState: (): PrefixState | undefined => (isServed ? view.state() : undefined),
      restorePrefixes: (state: PrefixState) => view.restore(state),
    };
    const bus = { objects: async () => store } as never;
    const kept = new PrefixStore({ bus, log: silentLog, now: () => clock.nowMs, readings });
    const served = (backendId: string) => {
      isServed = true;
      view.served(backendId, prompt);
    };
    return { kept, served, hits: () => view.hitTokens(prompt) };
  };
  return { objects, clock, start, puts: () => puts };
}

describe('what prefix caches hold', () => {
  it('goes from the router that was active to the one that takes over', async () => {
    const { start } = setUp();
    const [one, two] = [start(), start()];
    await one.kept.takeOver();
    one.served('odd name/\n"x"');
    one.served('b');
    await one.kept.save();
    expect(two.hits()).toEqual({});
    await two.kept.takeOver();
    expect(two.hits()).toEqual({ 'odd name/\n"x"': 2_500, b: 2_500 });
  });

  it('is saved by the active one alone, every ten seconds, where prompts were served', async () => {
    const { start, clock, puts } = setUp();
    const one = start();
    one.served('a');
    one.kept.tick();
    await one.kept.takeOver();
    expect(puts()).toBe(0);
    for (let second = 0; second < 25; second += 1) {
      clock.nowMs += 1_000;
      one.kept.tick();
      await Promise.resolve();
    }
    await one.kept.save();
    one.kept.standBy();
    await one.kept.save();
    expect(puts()).toBe(4);
  });

  it('stays as it is where a router takes over from itself', async () => {
    const { start } = setUp();
    const [one, two] = [start(), start()];
    await one.kept.takeOver();
    one.served('a');
    await one.kept.save();
    await two.kept.takeOver();
    two.served('b');
    await two.kept.takeOver();
    expect(two.hits()).toEqual({ a: 2_500, b: 2_500 });
  });

  it.each<[string, (yard: ReturnType<typeof setUp>) => void, number]>([
    ['is too old', ({ clock }) => void (clock.nowMs += 3_600_001), 500],
    ['is of blocks of another size', () => {}, 250],
    [
      'is cut off',
      ({ objects }) => objects.set(name, objects.get(name)?.slice(0, -5) ?? empty),
      500,
    ],
    ['is something else', ({ objects }) => objects.set(name, Buffer.from('{"a":1}\nxyz')), 500],
    ['is nothing', ({ objects }) => objects.set(name, empty), 500],
  ])('is learned anew where what was saved %s', async (_what, change, blockTokens) => {
    const yard = setUp();
    const one = yard.start();
    await one.kept.takeOver();
    one.served('a');
    await one.kept.save();
    change(yard);
    const two = yard.start(blockTokens);
    await two.kept.takeOver();
    expect(two.hits()).toEqual({});
  });
});

const name = 'router/prefixes';
const empty = new Uint8Array(0);
