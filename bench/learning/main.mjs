// What learning costs: `npm run build && node --expose-gc bench/learning/main.mjs`. Folds ended
// attempts of 10 backends, 4 models and 6 classes, asks for what was learned, and weighs the keys.
import { backendStats, Learner } from '@switchyard/routing';

const warmUpCalls = 50_000;
const calls = 200_000;
const startMs = 1_700_000_000_000;

const ids = Array.from({ length: 10 }, (_, at) => `backend-${at}`);
const rows = ids.map((id, at) => ({ id, inFlight: at % 4, waiting: 0 }));

/** The same attempts in each run: numbers that look like chance, and are none. */
const attemptOf = (at) => ({
  backendId: ids[(at * 7) % 10],
  model: `model-${(at * 3) % 4}`,
  kind: 'chat',
  account: `account-${at % 20}`,
  failure: at % 50 === 0 ? 'upstream_timeout' : null,
  endedAtMs: startMs + at * 5,
  durationMs: 200 + ((at * 7919) % 9000),
  estimatedInputTokens: [100, 2000, 9000][at % 3],
  maxOutputTokens: at % 2 === 0 ? 100 : 900,
  inFlightAtDispatch: at % 5,
  queryType: ['factual', 'creative', 'complex'][at % 3],
  ttftMs: 50 + ((at * 104_729) % 900),
  inputTokens: 150,
  outputTokens: 1 + ((at * 31) % 800),
});

const attempts = Array.from({ length: warmUpCalls }, (_, at) => attemptOf(at));
const job = { kind: 'chat', model: 'model-1', estimatedInputTokens: 100, maxOutputTokens: 100 };

/** p50 and p99 of batches of 100 calls, in microseconds for one. */
function measure(name, call) {
  for (let at = 0; at < warmUpCalls; at += 1) call(at);
  const took = [];
  for (let at = 0; at < calls; at += 100) {
    const startedNs = process.hrtime.bigint();
    for (let nth = at; nth < at + 100; nth += 1) call(nth);
    took.push(Number(process.hrtime.bigint() - startedNs) / 100_000);
  }
  took.sort((a, b) => a - b);
  const at = (ratio) => took[Math.floor(ratio * took.length)].toFixed(2);
  const mean = (took.reduce((sum, us) => sum + us, 0) / took.length).toFixed(2);
  console.log(`${name.padEnd(48)} mean ${mean} us   p50 ${at(0.5)} us   p99 ${at(0.99)} us`);
}

const learner = new Learner();
measure('observe one attempt', (at) => learner.observe(attempts[at % attempts.length]));
measure('stats of one backend', (at) =>
  backendStats(learner.statsOf(ids[at % 10], startMs + 250_000)),
);
measure('learnedFor, 10 backends', (at) => learner.learnedFor(job, 'factual', rows, startMs + at));
const timed = { ...job, deadlineAtMs: startMs + 9000 };
measure('learnedFor, 10 backends, with a deadline', (at) =>
  learner.learnedFor(timed, 'factual', rows, startMs + at),
);
measure('outputTokensP95', (at) => learner.outputTokensP95(`account-${at % 20}`, 'model-1'));

/** Bytes on the heap and beside it after `fill`, for one of `count`. */
function weigh(name, count, fill) {
  for (let round = 0; round < 4; round += 1) globalThis.gc();
  const before = process.memoryUsage();
  const kept = fill();
  for (let round = 0; round < 4; round += 1) globalThis.gc();
  const after = process.memoryUsage();
  const bytes = after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers;
  const json = JSON.stringify(kept.state()).length;
  console.log(
    `${name.padEnd(48)} ${Math.round(bytes / count)} bytes each in memory, ` +
      `${Math.round(json / count)} as JSON, ${(bytes / 1e6).toFixed(1)} MB in all`,
  );
}

if (globalThis.gc === undefined) console.log('run with --expose-gc to weigh the keys');
else {
  const fillWith = (count, change) => () => {
    const one = new Learner();
    // 40 attempts of each key, over a factor of 1000, so that its sketches are wide.
    for (let at = 0; at < count * 40; at += 1) {
      const durationMs = 50 * 1000 ** (((at * 7919) % 1000) / 1000);
      const ttftMs = durationMs / 3;
      const outputTokens = 1 + Math.floor(durationMs / 60);
      const spread = { durationMs, ttftMs, outputTokens, queryType: undefined };
      one.observe({ ...attemptOf(0), failure: null, ...spread, ...change(at % count) });
    }
    return one;
  };
  const sizes = [100, 2000, 9000];
  weigh(
    '(backend, model, class)',
    3000,
    fillWith(3000, (at) => ({
      backendId: `backend-${Math.floor(at / 60)}`,
      model: `model-${Math.floor(at / 3) % 20}`,
      estimatedInputTokens: sizes[at % 3],
      outputTokens: undefined,
    })),
  );
  weigh(
    'backend, with one model and its class',
    1000,
    fillWith(1000, (at) => ({ backendId: `backend-${at}`, outputTokens: undefined })),
  );
  weigh(
    '(backend, model), with one class',
    3000,
    fillWith(3000, (at) => ({
      backendId: `backend-${at % 60}`,
      model: `model-${Math.floor(at / 60)}`,
      outputTokens: undefined,
    })),
  );
  weigh(
    '(account, model)',
    5000,
    fillWith(5000, (at) => ({ account: `account-${at}` })),
  );
  weigh(
    'all keys full: 4096 classes, 8192 accounts',
    1,
    fillWith(20_000, (at) => ({
      backendId: `backend-${at % 1500}`,
      model: `model-${at % 70}`,
      account: `account-${at}`,
      estimatedInputTokens: sizes[at % 3],
    })),
  );
}
