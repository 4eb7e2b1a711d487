import { adaptiveLearning } from '../strategies/adaptive-learning.js';
import {
  learningRouter,
  oracleOf,
  p95After,
  playTinyWorld,
  spreadOf,
} from '../testing/tiny-world.js';
import { Learner } from './learner.js';

describe('adaptive_learning against who knows the truth', () => {
  it.each([
    ['no exploration', 0],
    ['one in fifty explores', 0.02],
  ])('%s: p95 of requests 1001 to 2000 within 1.15 of it', (_, explorationRatio) => {
    const backends = spreadOf(0);
    const load = { requests: 2000, meanGapMs: 200, seed: 5 };
    // As much learning in these minutes as in a week of quarters of an hour.
    const learner = new Learner({ explorationRatio, learningRate: 0.2, everyMs: 10_000 });
    const best = p95After(playTinyWorld(backends, oracleOf(backends), load), 1000);
    const router = learningRouter(adaptiveLearning, learner);
    const p95 = p95After(playTinyWorld(backends, router, load), 1000);
    expect(p95 / best).toBeLessThanOrEqual(1.15);
  });
});
