import type { BackendRow } from './backend-row.js';
import { explain } from './explain.js';
import { roundRobin } from './strategies/round-robin.js';
import { decideAmong, type JobOptions, makeJob, makeRow } from './testing/builders.js';

const full = { inFlight: 10 };
const a = makeRow('a');
const b = makeRow('b', { priority: 2, expectedResponseTimeMs: 2000 });
const prefer = (preferredBackend: string): JobOptions => ({ preferences: { preferredBackend } });
const again = { excludedBackendIds: ['a'], triedTransient: ['a'], attemptNo: 2 };

describe('the explanation', () => {
  it.each<[BackendRow[], JobOptions, string]>([
    [
      [a, b],
      {},
      'score chose a with 100.00 points, most of them for priority 40.00 and cost 30.00, 40.00 ahead of b (of 2 candidates).',
    ],
    [
      [a],
      {},
      'score chose a with 100.00 points, most of them for priority 40.00 and cost 30.00 (the only candidate).',
    ],
    [[a, b], prefer('b'), 'b was chosen because the caller prefers it.'],
    [
      [b],
      prefer('x'),
      'The preferred backend is not available: score chose b with 80.00 points, most of them for cost 30.00 and priority 20.00 (the only candidate).',
    ],
    [
      [a],
      again,
      'Only backends already tried are left: score chose a with 100.00 points, most of them for priority 40.00 and cost 30.00 (the only candidate).',
    ],
    [
      [makeRow('a', full), makeRow('b', { isAlive: false })],
      {},
      'The job waits: without a live executor b; full a.',
    ],
    [
      [1, 2, 3, 4, 5].map((at) => makeRow(`b${at}`, full)),
      {},
      'The job waits: full b1, b2, b3 and 2 more.',
    ],
    [[], {}, 'No backend is registered.'],
    [[a], { model: 'x' }, 'No backend has this model.'],
    [
      [makeRow('a', { isEnabled: false })],
      {},
      'No backend can take the job: switched off or draining a.',
    ],
    [
      [makeRow('a', { tariff: { perJobUsdMicros: 9 } })],
      { preferences: { maxCostPerJobUsdMicros: 1 } },
      'The cost cap leaves no backend: over the cost cap of the job a.',
    ],
  ])('case %#', (rows, job, expected) => {
    expect(explain(decideAmong(rows, makeJob(job)))).toBe(expected);
  });

  it('speaks of no points where there are none', () => {
    const decision = decideAmong([a, b], makeJob(), { strategy: roundRobin });
    expect(explain(decision)).toBe('round_robin chose a (of 2 candidates).');
  });
});
