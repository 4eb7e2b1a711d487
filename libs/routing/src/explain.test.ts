import type { BackendRow } from './backend-row.js';
import { explain } from './explain.js';
import { roundRobin } from './strategies/round-robin.js';
import { decideAmong, type JobOptions, makeJob, makeRow } from './testing/builders.js';

const full = { inFlight: 10 };
const a = makeRow('a');
const b = makeRow('b', { priority: 2, expectedResponseTimeMs: 2000 });
const prefer = (preferredBackend: string): JobOptions => ({ preferences: { preferredBackend } });
const again = { excludedBackendIds: ['a'], triedTransient: ['a'], attemptNo: 2 };

const alone = 'most of them for priority 40.00 and cost 30.00 (the only candidate).';
const twoOf = 'most of them for priority 40.00 and cost 30.00, 40.00 ahead of b (of 2 candidates).';
const ofB = 'score chose b with 80.00 points, most of them for cost 30.00 and priority 20.00';
const ofA = 'score chose a with 100.00 points';

type Case = [rows: BackendRow[], job: JobOptions, expected: string];
const many = [1, 2, 3, 4, 5].map((at) => makeRow(`b${at}`, full));
const paid = makeRow('a', { tariff: { perJobUsdMicros: 9 } });
const capped: JobOptions = { preferences: { maxCostPerJobUsdMicros: 1 } };

const cases: Case[] = [
  [[a, b], {}, `${ofA}, ${twoOf}`],
  [[a], {}, `${ofA}, ${alone}`],
  [[a, b], prefer('b'), 'b was chosen because the caller prefers it.'],
  [[b], prefer('x'), `The preferred backend is not available: ${ofB} (the only candidate).`],
  [[a], again, `Only backends already tried are left: ${ofA}, ${alone}`],
  [
    [makeRow('a', full), makeRow('b', { isAlive: false })],
    {},
    'The job waits: without a live executor b; full a.',
  ],
  [many, {}, 'The job waits: full b1, b2, b3 and 2 more.'],
  [[], {}, 'No backend is registered.'],
  [[a], { model: 'x' }, 'No backend has this model.'],
  [
    [makeRow('a', { isEnabled: false })],
    {},
    'No backend can take the job: switched off or draining a.',
  ],
  [[paid], capped, 'The cost cap leaves no backend: over the cost cap of the job a.'],
];

describe('the explanation', () => {
  it.each(cases)('case %#', (rows, job, expected) => {
    expect(explain(decideAmong(rows, makeJob(job)))).toBe(expected);
  });

  it('speaks of no points where there are none', () => {
    const decision = decideAmong([a, b], makeJob(), { strategy: roundRobin });
    expect(explain(decision)).toBe('round_robin chose a (of 2 candidates).');
  });
});
