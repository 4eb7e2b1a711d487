// How long one routing decision takes, with the fold before it: `npm run build && node
// bench/decide/main.mjs [--strategies score,round_robin | all]`. Each call sees a snapshot in which
// one backend's count of attempts in flight has changed.
import { parseArgs } from 'node:util';
import {
  backendRow,
  decide,
  findRow,
  seedOf,
  snapshotOf,
  strategies,
  withRow,
} from '@switchyard/routing';

const { values } = parseArgs({ options: { strategies: { type: 'string' } } });
const asked = values.strategies ?? 'round_robin,least_connections,score';
const names = asked === 'all' ? Object.keys(strategies) : asked.split(',');
const sizes = [10, 100, 1000];
const warmUpCalls = 3000;
const measureMs = 3000;

/**
 * One backend in ten is excluded, each for another reason; the others differ in price, speed and
 * use.
 */
function makeRow(at) {
  const backend = {
    id: `backend-${String(at).padStart(4, '0')}`,
    kind: at % 2 === 0 ? 'ollama' : 'openai-compatible',
    endpointUrl: 'http://127.0.0.1:1',
    class: at % 3 === 0 ? 'remote' : 'local',
    priority: 1 + (at % 5),
    weight: 1,
    isEnabled: at % 50 !== 49,
    supportedModels: [],
    modelAliases: { 'gpt-4o': 'llama3.2:1b' },
    requestTimeoutMs: 300_000,
    firstTokenTimeoutMs: 30_000,
    connectTimeoutMs: 5000,
    expectedResponseTimeMs: 1000 + 100 * (at % 40),
    qualityScore: 0.9,
    tariff:
      at % 3 === 0
        ? { perMtokInputUsdMicros: 500_000, perMtokOutputUsdMicros: 1_500_000 + at }
        : {},
    tags: [],
    simulated: true,
    origin: 'configured',
    lastResort: false,
  };
  const models = ['llama3.2:1b', `model-${at}`, 'qwen3:8b'].map((id) => ({
    id,
    kinds: ['chat', 'completion'],
    contextWindowTokens: 131_072,
  }));
  return backendRow(
    backend,
    { models },
    {
      health: at % 20 === 19 ? 'down' : 'healthy',
      isAlive: true,
      breaker: at % 30 === 29 ? 'open' : 'closed',
      inFlight: at % 7,
      slots: 10,
      durationMsMean: 900 + 37 * (at % 60),
      durationSamples: at % 120,
      lastSelectedSequence: at,
    },
  );
}

const job = {
  id: 'job-0',
  kind: 'chat',
  model: 'gpt-4o',
  account: 'default',
  priority: 5,
  estimatedInputTokens: 1200,
  maxOutputTokens: 500,
  preferences: {
    preferredBackend: 'auto',
    maxCostPerJobUsdMicros: 50_000,
    prioritizeSpeed: false,
    allowCloudFallback: true,
  },
  deadlineAtMs: 1_700_000_060_000,
  tags: [],
  excludedBackendIds: [],
  triedTransient: [],
  attemptNo: 1,
  isStreamed: true,
};

function measure(strategy, size) {
  let snapshot = snapshotOf(Array.from({ length: size }, (_, at) => makeRow(at)));
  const ids = snapshot.backends.map((row) => row.id);
  const samplesUs = [];
  const turn = (call) => {
    const row = findRow(snapshot, ids[call % size]);
    const id = `job-${call}`;
    const startedMs = performance.now();
    snapshot = withRow(snapshot, { ...row, inFlight: (row.inFlight + 1) % 9 });
    const decision = decide({
      job: { ...job, id },
      snapshot,
      strategy,
      nowMs: 1_700_000_000_000 + call,
      seed: seedOf(id, 1),
    });
    const tookUs = (performance.now() - startedMs) * 1000;
    if (decision.kind !== 'route') throw new Error(`expected a route, got ${decision.kind}`);
    return tookUs;
  };
  for (let call = 0; call < warmUpCalls; call += 1) turn(call);
  const endAtMs = performance.now() + measureMs;
  for (let call = 0; performance.now() < endAtMs; call += 1) samplesUs.push(turn(call));
  samplesUs.sort((a, b) => a - b);
  const quantile = (share) => samplesUs[Math.floor(share * (samplesUs.length - 1))];
  const meanUs = samplesUs.reduce((sum, each) => sum + each, 0) / samplesUs.length;
  return { perSecond: Math.round(1e6 / meanUs), p50Us: quantile(0.5), p99Us: quantile(0.99) };
}

console.log('strategy            backends  decisions/s     p50 us     p99 us');
for (const size of sizes) {
  for (const name of names) {
    const strategy = strategies[name];
    if (!strategy)
      throw new Error(
        `--strategies: "${name}" is unknown; known are ${Object.keys(strategies).join(', ')}`,
      );
    const { perSecond, p50Us, p99Us } = measure(strategy, size);
    console.log(
      `${strategy.name.padEnd(20)}${String(size).padStart(8)}${String(perSecond).padStart(13)}` +
        `${p50Us.toFixed(1).padStart(11)}${p99Us.toFixed(1).padStart(11)}`,
    );
  }
}
