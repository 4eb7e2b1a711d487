import { silentLog } from '@switchyard/domain';
import { Finder, type FinderOptions } from './finder.js';
import type { Found } from './identify.js';
import { places } from './places.js';

const ollama: Found = {
  kind: 'server',
  modelCount: 1,
  server: { software: 'ollama', kind: 'ollama', isSimulated: false },
};

/** A finder for which the ports in `up` are Ollamas; tells every port it asks and every change. */
function finderOf(up: ReadonlySet<number>, changes: Partial<FinderOptions> = {}) {
  const asked: number[] = [];
  const told: string[][] = [];
  const finder: Finder = new Finder({
    log: silentLog,
    taken: () => [],
    onChange: () => told.push(finder.backends.map(({ id }) => id)),
    look: async ({ port }) => {
      asked.push(port);
      return up.has(port) ? ollama : { kind: 'nothing' };
    },
    ...changes,
  });
  return { finder, asked, told };
}

describe('the finder', () => {
  it('looks where servers are by default', async () => {
    const { finder, asked } = finderOf(new Set());
    const sightings = await finder.look();
    expect(asked).toEqual([11_434, 1_234, 8_000, 8_080]);
    expect(sightings.map(({ place }) => place)).toEqual(places);
    expect(finder.sightings).toBe(sightings);
  });

  it('tells only of changes', async () => {
    const up = new Set<number>();
    const { finder, told } = finderOf(up);
    await finder.look();
    up.add(11_434);
    await finder.look();
    await finder.look();
    up.add(8_000);
    await finder.look();
    expect(told).toEqual([['ollama'], ['ollama', 'ollama-8000']]);
  });

  it('asks no port of our own', async () => {
    const { finder, asked } = finderOf(new Set([8_080]));
    finder.skip(8_080);
    await finder.look();
    expect(asked).toEqual([11_434, 1_234, 8_000]);
    expect(finder.backends).toEqual([]);
  });

  it('goes on looking until it is stopped', async () => {
    const up = new Set<number>();
    const { promise, resolve } = deferred();
    const options = { lookEveryMs: 5, onChange: resolve };
    const { finder } = finderOf(up, options);
    finder.start();
    up.add(1_234);
    await promise;
    finder.stop();
    expect(finder.backends.map(({ id }) => id)).toEqual(['ollama-1234']);
  });

  it('survives a look that fails', async () => {
    const { promise, resolve } = deferred();
    let looks = 0;
    const { finder } = finderOf(new Set(), {
      lookEveryMs: 5,
      places: places.slice(0, 1),
      onChange: resolve,
      look: async () => {
        looks += 1;
        if (looks === 1) throw new Error('odd');
        return ollama;
      },
    });
    finder.start();
    await promise;
    finder.stop();
    expect(looks).toBeGreaterThan(1);
  });
});

function deferred() {
  let resolve: () => void = () => {};
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
