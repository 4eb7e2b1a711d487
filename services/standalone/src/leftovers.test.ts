import type { WireBackend } from '@switchyard/contracts';
import { leftoversOf, type SweepFacts } from './leftovers.js';

const record = (id: string, origin = 'configured'): WireBackend => ({ id, origin });
const minuteMs = 60_000;

const facts = (record_: WireBackend, changes: Partial<SweepFacts>): SweepFacts => ({
  records: [record_],
  current: new Set(),
  served: new Set(),
  idSuffix: '',
  uptimeMs: 0,
  ...changes,
});

describe('a record of a former start', () => {
  it.each<[string, WireBackend, Partial<SweepFacts>, boolean]>([
    ['our engine goes at once', record('embedded', 'discovered'), {}, true],
    [
      'our engine stays while it runs',
      record('embedded'),
      { current: new Set(['embedded']) },
      false,
    ],
    ['our simulations go at once', record('simulated-quick', 'discovered'), {}, true],
    ['our engine goes, whatever is known', record('embedded'), { served: undefined }, true],
    ['the engine of another machine stays', record('embedded-b'), { idSuffix: '-a' }, false],
    ['simulations of another machine stay', record('simulated-x-b'), { idSuffix: '-a' }, false],
    ['a configured one has a minute', record('gpu'), { uptimeMs: minuteMs - 1 }, false],
    ['a configured one goes after it', record('gpu'), { uptimeMs: minuteMs }, true],
    [
      'a configured one stays while an executor elsewhere serves it',
      record('gpu'),
      { uptimeMs: minuteMs, served: new Set(['gpu']) },
      false,
    ],
    [
      'a configured one stays while nobody knows who serves what',
      record('gpu'),
      { uptimeMs: minuteMs, served: undefined },
      false,
    ],
    ['one of a key goes after a minute', record('openai', 'key'), { uptimeMs: minuteMs }, true],
    ['a found one has five', record('ollama', 'discovered'), { uptimeMs: 5 * minuteMs - 1 }, false],
    [
      'a found one goes after them',
      record('ollama', 'discovered'),
      { uptimeMs: 5 * minuteMs },
      true,
    ],
  ])('%s', (_name, given, changes, isLeft) => {
    expect(leftoversOf(facts(given, changes))).toEqual(isLeft ? [given.id] : []);
  });
});
