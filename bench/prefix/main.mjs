// What the prefix view costs for one job with a prompt of 32,000 tokens at 16 backends whose caches
// are full: `npm run build && node bench/prefix/main.mjs`. Beside it, in the same run, what one
// would write first: a Set of text keys for each backend, keys made by a cryptographic hash.
//
// Four cases of what the caches hold: nothing of the prompt, a system prompt everywhere, the whole
// at one backend, the whole everywhere (the worst). Both sides must find the same hits.
import { createHash } from 'node:crypto';
import { PrefixView, PromptKeyer } from '@switchyard/routing';

const promptTokens = 32_000;
const blockTokens = 500;
const blockChars = 4 * blockTokens;
const cacheBlocks = 1000;
const backends = Array.from({ length: 16 }, (_, at) => `backend-${String(at).padStart(2, '0')}`);
const warmUpRounds = 400;
const rounds = 1500;
const model = 'llama3.2:1b';

/** The plain way: chained digests as text, a Set in order of insertion as the cache. */
const plain = {
  keysOf(text) {
    const keys = [];
    let before = model;
    for (let at = 0; at + blockChars <= text.length; at += blockChars) {
      const hash = createHash('sha256').update(before);
      before = hash.update(text.slice(at, at + blockChars)).digest('base64');
      keys.push(before);
    }
    return keys;
  },
  caches: new Map(backends.map((id) => [id, new Set()])),
  hitTokens(keys) {
    const hits = {};
    for (const [id, cache] of this.caches) {
      let blocks = 0;
      while (blocks < keys.length && cache.has(keys[blocks])) blocks += 1;
      if (blocks > 0) hits[id] = blocks * blockTokens;
    }
    return hits;
  },
  served(id, keys) {
    const cache = this.caches.get(id);
    for (let at = Math.min(keys.length, cacheBlocks) - 1; at >= 0; at -= 1) {
      cache.delete(keys[at]);
      cache.add(keys[at]);
    }
    for (const key of cache) {
      if (cache.size <= cacheBlocks) break;
      cache.delete(key);
    }
  },
};

const keyer = new PromptKeyer({ blockTokens });
const view = new PrefixView({ blockTokens, defaultBlocks: cacheBlocks });
const ours = {
  keysOf: (text) => keyer.ofText(model, text),
  hitTokens: (keys) => view.hitTokens(keys),
  served: (id, keys) => view.served(id, keys),
};

/** A text of any length, another for each seed, in one piece as a body that was read is. */
function textOf(seed, length) {
  const words = [];
  let state = seed * 2_654_435_761 + 1;
  for (let size = 0; size < length; size += 8) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    words.push(state.toString(36).padStart(7, 'x'));
  }
  return Buffer.from(words.join(' ').slice(0, length)).toString('latin1');
}

const system = textOf(1, 4 * blockChars);
const wholeChars = 4 * promptTokens;
let nextSeed = 10;
const fresh = () => textOf((nextSeed += 1), wholeChars);
const afterSystem = () => system + textOf((nextSeed += 1), wholeChars - system.length);
const flat = (text) => Buffer.from(text, 'latin1').toString('latin1');

const cases = {
  'nothing is there': () => ({ text: fresh(), at: [] }),
  'a system prompt everywhere': () => ({ text: flat(afterSystem()), at: [], common: true }),
  'all of it at one backend': () => ({ text: fresh(), at: backends.slice(7, 8) }),
  'all of it everywhere': () => ({ text: fresh(), at: backends }),
};

const timed = (call) => {
  const startedMs = performance.now();
  const value = call();
  return { value, us: (performance.now() - startedMs) * 1000 };
};

/** One job at one side: its keys, the look-up at all backends, the update at the chosen one. */
function jobAt(side, text, chosen) {
  const keyed = timed(() => side.keysOf(text));
  const looked = timed(() => side.hitTokens(keyed.value));
  const updated = timed(() => side.served(chosen, keyed.value));
  return { hits: looked.value, keysUs: keyed.us, viewUs: looked.us + updated.us };
}

function measure(name) {
  const samples = { ours: [], plain: [] };
  const sides = { ours, plain };
  const texts = Array.from({ length: 40 }, cases[name]);
  for (let round = 0; round < warmUpRounds + rounds; round += 1) {
    const { text, at, common } = texts[round % texts.length];
    const chosen = backends[round % backends.length];
    const found = {};
    // The two take turns in going first, and see the same jobs in the same order.
    for (const which of round % 2 === 0 ? ['ours', 'plain'] : ['plain', 'ours']) {
      const side = sides[which];
      const keys = side.keysOf(text);
      for (const id of at) side.served(id, keys);
      if (common) for (const id of backends) side.served(id, side.keysOf(system));
      const { hits, ...us } = jobAt(side, text, chosen);
      found[which] = JSON.stringify(hits);
      if (round >= warmUpRounds) samples[which].push(us);
    }
    if (found.ours !== found.plain) throw new Error(`${found.ours} is not ${found.plain}`);
  }
  return samples;
}

function quantile(samples, of, share) {
  const sorted = samples.map(of).sort((a, b) => a - b);
  return sorted[Math.floor(share * (sorted.length - 1))];
}

const parts = [
  { label: 'keys', of: ({ keysUs }) => keysUs },
  { label: 'view', of: ({ viewUs }) => viewUs },
  { label: 'both', of: ({ keysUs, viewUs }) => keysUs + viewUs },
];
const cell = (value, width = 10) => value.toFixed(1).padStart(width);

for (const side of Object.values({ ours, plain })) {
  for (const id of backends) {
    for (let at = 0; at * 64 < cacheBlocks; at += 1) side.served(id, side.keysOf(fresh()));
  }
}
console.log(`microseconds for a prompt of ${promptTokens} tokens at ${backends.length} backends;`);
console.log('keys = from the text; view = look-up at all and update at one\n');
console.log(`${''.padEnd(34)}ours p50  ours p99 plain p50 plain/ours`);
for (const name of Object.keys(cases)) {
  const samples = measure(name);
  for (const { label, of } of parts) {
    const p50 = quantile(samples.ours, of, 0.5);
    const plainP50 = quantile(samples.plain, of, 0.5);
    console.log(
      `${name.padEnd(27)}${label}${cell(p50, 11)}${cell(quantile(samples.ours, of, 0.99))}` +
        `${cell(plainP50)}${cell(plainP50 / p50)}x`,
    );
  }
}
console.log(`\nthe view's memory: ${Math.round(view.sizeBytes / 1024)} KiB`);
