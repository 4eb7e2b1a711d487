// A closed loop: each connection sends its next request when its answer is complete.
import { Pool } from 'undici';

const body = (stream) =>
  JSON.stringify({
    model: 'bench-model',
    messages: [{ role: 'user', content: 'Where does this train go? '.repeat(40).slice(0, 1_000) }],
    ...(stream ? { stream: true, stream_options: { include_usage: true } } : {}),
  });

/**
 * Runs one closed loop for `durationMs` and returns requests/s, latencies in ms, errors and our own
 * CPU share.
 */
export async function runLoop({ url, headers }, { connections, durationMs, stream }) {
  const pool = new Pool(url, { connections, pipelining: 1 });
  const text = body(stream);
  const latenciesMs = [];
  const firstBytesMs = [];
  let errors = 0;
  const cpuBefore = process.cpuUsage();
  const startedMs = performance.now();
  const endMs = startedMs + durationMs;
  const one = async () => {
    while (performance.now() < endMs) {
      const beganMs = performance.now();
      const response = await pool.request({
        path: '/v1/chat/completions',
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: text,
      });
      let tail = '';
      for await (const part of response.body) {
        if (tail === '') firstBytesMs.push(performance.now() - beganMs);
        tail = (tail + part.toString('latin1')).slice(-32);
      }
      const isWhole = response.statusCode === 200 && (!stream || tail.includes('[DONE]'));
      if (isWhole) latenciesMs.push(performance.now() - beganMs);
      else errors += 1;
    }
  };
  await Promise.all(Array.from({ length: connections }, one));
  const elapsedMs = performance.now() - startedMs;
  const cpu = process.cpuUsage(cpuBefore);
  await pool.close();
  latenciesMs.sort((a, b) => a - b);
  firstBytesMs.sort((a, b) => a - b);
  const at = (sorted, q) =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? Number.NaN;
  return {
    requestsPerSec: (latenciesMs.length / elapsedMs) * 1_000,
    p50Ms: at(latenciesMs, 0.5),
    p99Ms: at(latenciesMs, 0.99),
    firstByteP50Ms: at(firstBytesMs, 0.5),
    errors,
    generatorCpuRatio: (cpu.user + cpu.system) / 1_000 / elapsedMs,
  };
}
