// What the relay of a streamed answer adds to each chunk: a backend, a process of its own as any
// is, sends tokens with the instant at which each left, and a client reads them, directly and
// through Switchyard.
// `npm run build && node bench/relay/main.mjs [--streams 20] [--tokens 400] [--every 25]`
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { startSwitchyard, stopAll } from '../overhead/processes.mjs';

const option = { type: 'string' };
const { values } = parseArgs({
  options: { streams: option, tokens: option, every: option, backend: { type: 'boolean' } },
});
const streams = Number(values.streams ?? 20);
const tokens = Number(values.tokens ?? 400);
const everyMs = Number(values.every ?? 25);

/** The same clock in every process of this machine. */
const nowMs = () => Number(process.hrtime.bigint()) / 1e6;

const frame = (content, finish_reason = null) =>
  `data: ${JSON.stringify({
    id: 'chatcmpl-1',
    object: 'chat.completion.chunk',
    created: 1,
    model: 'bench-model',
    choices: [{ index: 0, delta: { content }, finish_reason }],
  })}\n\n`;

function stream(response) {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  let sent = 0;
  const timer = setInterval(() => {
    sent += 1;
    response.write(frame(`${nowMs().toFixed(3)} `));
    if (sent < tokens) return;
    clearInterval(timer);
    response.end(`${frame('', 'stop')}data: [DONE]\n\n`);
  }, everyMs);
}

const answer = (request, response) => {
  request.resume();
  if (request.method === 'POST') return stream(response);
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify({ object: 'list', data: [{ id: 'bench-model', object: 'model' }] }));
};

const body = JSON.stringify({
  model: 'bench-model',
  stream: true,
  messages: [{ role: 'user', content: 'go' }],
});

/** How long each token of one stream was under way, in ms. */
async function read(url) {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(`${url}/v1/chat/completions`, { method: 'POST', headers, body });
  const delays = [];
  let rest = '';
  for await (const part of response.body) {
    const readMs = nowMs();
    const lines = (rest + Buffer.from(part).toString()).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const sentMs = Number(/"content":"([\d.]+) "/.exec(line)?.[1]);
      if (sentMs) delays.push(readMs - sentMs);
    }
  }
  return delays;
}

async function measure(url) {
  const delays = (await Promise.all(Array.from({ length: streams }, () => read(url)))).flat();
  delays.sort((a, b) => a - b);
  const at = (share) => delays[Math.floor(delays.length * share)] ?? Number.NaN;
  return { count: delays.length, p50: at(0.5), p95: at(0.95), p99: at(0.99) };
}

const show = (name, { count, p50, p95, p99 }) =>
  console.log(
    `${name}: ${count} chunks, p50 ${p50.toFixed(2)} ms, p95 ${p95.toFixed(2)}, p99 ${p99.toFixed(2)}`,
  );

if (values.backend) {
  const server = createServer(answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  process.send(server.address().port);
  await once(process, 'disconnect');
  process.exit(0);
}

const backend = fork(fileURLToPath(import.meta.url), [...process.argv.slice(2), '--backend']);
try {
  const [port] = await once(backend, 'message');
  const url = `http://127.0.0.1:${port}`;
  const switchyard = await startSwitchyard(url, { slots: streams });
  // As long as a round: until its code is compiled, a new process takes twice as long.
  await measure(switchyard.url);
  for (let round = 0; round < 3; round += 1) {
    const [direct, through] = [await measure(url), await measure(switchyard.url)];
    show('direct', direct);
    show('through', through);
    console.log(`added: p50 ${(through.p50 - direct.p50).toFixed(2)} ms`);
  }
} finally {
  await stopAll();
  backend.kill();
}
process.exit(0);
