import { publishedSpec, type BackendSpec } from './backend-spec.js';
import { SimulatedBackend, type SimulatedAttempt } from './simulated-backend.js';

type Told = readonly [what: string, name: string, atMs: number];
type Named = SimulatedAttempt & { readonly name: string };

const attempt = (name: string, options: Partial<SimulatedAttempt> = {}): Named => ({
  name,
  inputTokens: 100,
  outputTokens: 11,
  keys: [],
  dispatchedAtMs: 0,
  isFault: false,
  hitTokens: 0,
  prefillMs: 0,
  loadMs: 0,
  firstTokenAtMs: 0,
  ...options,
});

/** One millisecond for a prompt token, ten for a step, five more for each further request. */
function played(changes: Partial<BackendSpec>, attempts: readonly Named[]): readonly Told[] {
  const told: Told[] = [];
  const spec = {
    ...publishedSpec,
    prefillMsPerToken: 1,
    prefillMsFixed: 0,
    decodeStepMs: 10,
    decodeStepMsPerRequest: 5,
    decodeShareInPrefill: 1,
    ...changes,
  };
  const backend = new SimulatedBackend<Named>(spec, 10, {
    firstToken: ({ name }, nowMs) => told.push(['first token', name, nowMs]),
    ended: ({ name }, nowMs, isFault) => told.push([isFault ? 'fault' : 'end', name, nowMs]),
  });
  for (const one of attempts) backend.start(one, one.dispatchedAtMs);
  while (backend.nextAtMs < Infinity) backend.step();
  return told;
}

describe('SimulatedBackend', () => {
  it('reads the prompt, then makes one token a step', () => {
    expect(played({}, [attempt('a')])).toEqual([
      ['first token', 'a', 100],
      ['end', 'a', 200],
    ]);
  });

  it('reads prompts one after the other, and decodes together with longer steps', () => {
    expect(played({}, [attempt('a', { outputTokens: 21 }), attempt('b')])).toEqual([
      ['first token', 'a', 100],
      ['first token', 'b', 200],
      ['end', 'a', 350],
      ['end', 'b', 350],
    ]);
  });

  it('decodes slower while a prompt is read', () => {
    const two = [attempt('a'), attempt('b', { outputTokens: 1 })];
    expect(played({ decodeShareInPrefill: 0.5 }, two)).toEqual([
      ['first token', 'a', 100],
      ['first token', 'b', 200],
      ['end', 'b', 200],
      ['end', 'a', 250],
    ]);
  });

  it('needs no time for what its cache holds of a prompt', () => {
    const first = attempt('a', { keys: [1, 2, 3], outputTokens: 1 });
    const second = attempt('b', { keys: [1, 2, 4], outputTokens: 1 });
    expect(played({}, [first, second])).toEqual([
      ['first token', 'a', 100],
      ['end', 'a', 100],
      ['first token', 'b', 180],
      ['end', 'b', 180],
    ]);
    expect(second.hitTokens).toBe(20);
  });

  it('forgets the block used longest ago where the cache is full', () => {
    const [a, b, c] = [
      attempt('a', { keys: [1], outputTokens: 1 }),
      attempt('b', { keys: [2], outputTokens: 1 }),
      attempt('c', { keys: [1], outputTokens: 1 }),
    ];
    played({ cacheBlocks: 1 }, [a, b, c]);
    expect([a.hitTokens, b.hitTokens, c.hitTokens]).toEqual([0, 0, 0]);
  });

  it('loads the model before the first prompt only', () => {
    const two = [attempt('a', { outputTokens: 1 }), attempt('b', { outputTokens: 1 })];
    expect(played({ coldStartMs: 1000 }, two)).toEqual([
      ['first token', 'a', 1100],
      ['end', 'a', 1100],
      ['first token', 'b', 1200],
      ['end', 'b', 1200],
    ]);
  });

  it('lets an attempt that will fail hang for as long as it is told', () => {
    expect(played({ faultMs: 700 }, [attempt('a', { isFault: true })])).toEqual([
      ['fault', 'a', 700],
    ]);
  });
});

describe('an attempt that is stopped', () => {
  /** `a` until 200, `b` from its prompt at 100 on; one of them is stopped at an instant. */
  const stopped = (name: 'a' | 'b' | 'c', atMs: number) => {
    const attempts = [attempt('a'), attempt('b'), attempt('c', { isFault: true })];
    const told: Told[] = [];
    const changes = { prefillMsPerToken: 1, prefillMsFixed: 0, faultMs: 1000 };
    const steps = { decodeStepMs: 10, decodeStepMsPerRequest: 0, decodeShareInPrefill: 1 };
    const backend = new SimulatedBackend<Named>({ ...publishedSpec, ...changes, ...steps }, 10, {
      firstToken: (one, nowMs) => told.push(['first token', one.name, nowMs]),
      ended: (one, nowMs) => told.push(['end', one.name, nowMs]),
    });
    for (const one of attempts) backend.start(one, 0);
    while (backend.nextAtMs <= atMs) backend.step();
    const made = backend.stop(attempts.find((one) => one.name === name) as Named, atMs);
    while (backend.nextAtMs < Infinity) backend.step();
    return { made, ends: told.filter(([what]) => what === 'end').map((one) => one.slice(1)) };
  };

  it.each([
    [
      'before its prompt is read',
      'b',
      50,
      0,
      [
        ['a', 200],
        ['c', 1000],
      ],
    ],
    [
      'while its prompt is read, which ends that',
      'a',
      50,
      0,
      [
        ['b', 250],
        ['c', 1000],
      ],
    ],
    [
      'in its answer, of which some is made',
      'a',
      145,
      5,
      [
        ['b', 300],
        ['c', 1000],
      ],
    ],
    [
      'that would have failed',
      'c',
      500,
      0,
      [
        ['a', 200],
        ['b', 300],
      ],
    ],
  ] as const)('%s, leaves the others as they are', (_when, name, atMs, made, ends) => {
    expect(stopped(name, atMs)).toEqual({ made, ends });
  });
});
