// What a budget adds to a job: two accounts of one installation, one of them under a budget, take
// turns at random. `npm run build && node bench/ledger/held.mjs [--requests 3000]`
import { createHash } from 'node:crypto';
import { parseArgs } from 'node:util';
import { Pool } from 'undici';
import { startFake, startSwitchyard, stopAll } from '../overhead/processes.mjs';

const { values } = parseArgs({ options: { requests: { type: 'string' } } });
const requests = Number(values.requests ?? 3_000);
const warmUps = 3_000;

const accounts = ['free', 'capped'];
const sha256 = (text) => createHash('sha256').update(text).digest('hex');
const keys = accounts.map(
  (account) => `  - { name: k, account: ${account}, sha256: ${sha256(account)} }`,
);
const more = `api_keys:
${keys.join('\n')}
tariffs:
  entries: [{ models: ["*"], per_1m_input_usd: 1, per_1m_output_usd: 2 }]
budgets:
  mode: strict
  accounts: { capped: { daily_usd: 1000000 } }
`;
const headersOf = (account) => ({
  'content-type': 'application/json',
  authorization: `Bearer ${account}`,
});
const body = JSON.stringify({
  model: 'bench-model',
  max_tokens: 20,
  messages: [{ role: 'user', content: 'Where does this train go?' }],
});

async function run(url, count, connections) {
  const pool = new Pool(url, { connections, pipelining: 1 });
  const tookMs = { free: [], capped: [] };
  let left = count * accounts.length;
  const one = async () => {
    while (left > 0) {
      left -= 1;
      const account = accounts[Math.random() < 0.5 ? 0 : 1];
      const headers = headersOf(account);
      const sentMs = performance.now();
      const request = { path: '/v1/chat/completions', method: 'POST', headers, body };
      const response = await pool.request(request);
      const text = await response.body.text();
      if (response.statusCode !== 200) throw new Error(`${response.statusCode}: ${text}`);
      tookMs[account].push(performance.now() - sentMs);
    }
  };
  await Promise.all(Array.from({ length: connections }, one));
  await pool.close();
  return tookMs;
}

const at = (tookMs, share) => tookMs.toSorted((a, b) => a - b)[Math.floor(tookMs.length * share)];

try {
  const fake = await startFake(20);
  const options = { more, headers: headersOf('free') };
  const { url } = await startSwitchyard(fake.url, options);
  await run(url, warmUps, 8);
  for (const connections of [1, 4, 16]) {
    const { free, capped } = await run(url, requests, connections);
    const figures = [0.5, 0.99].map((share) => {
      const [without, held] = [at(free, share), at(capped, share)];
      const added = (held - without).toFixed(2);
      return `p${share * 100} ${without.toFixed(2)} ms, with a budget ${held.toFixed(2)}: ${added} more`;
    });
    console.log(`${connections} connection(s): ${figures.join('; ')}`);
  }
} finally {
  await stopAll();
}
process.exit(0);
