// The least a proxy in this runtime can do: reads the body, sends it on with undici, streams the
// answer back.
import { createServer } from 'node:http';
import { Agent, request } from 'undici';

const [target] = process.argv.slice(2);
const dispatcher = new Agent({ connections: 256, keepAliveTimeout: 30_000 });

const server = createServer(async (incoming, outgoing) => {
  const parts = [];
  for await (const part of incoming) parts.push(part);
  const { statusCode, headers, body } = await request(`${target}${incoming.url}`, {
    method: incoming.method,
    headers: { 'content-type': 'application/json' },
    body: Buffer.concat(parts),
    dispatcher,
  });
  outgoing.writeHead(statusCode, { 'content-type': headers['content-type'] });
  body.pipe(outgoing);
});
server.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}`));
