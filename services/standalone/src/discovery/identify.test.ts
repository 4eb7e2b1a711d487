import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type FakeBackend, startFakeOllama, startFakeOpenAi } from '@switchyard/testing/fakes';
import { identify } from './identify.js';
import type { Place, Software } from './places.js';

const stops: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  await Promise.all(stops.splice(0).map((stop) => stop()));
});

const placeOf = (software: Software, port: number): Place => ({ software, name: software, port });

async function fake(starting: Promise<FakeBackend>): Promise<FakeBackend> {
  const backend = await starting;
  stops.push(() => backend.stop());
  return backend;
}

async function serve(listener: RequestListener): Promise<{ port: number; server: Server }> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  stops.push(async () => {
    server.closeAllConnections();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, server };
}

describe('identification', () => {
  it('knows Ollama, wherever it listens, and counts its models', async () => {
    const { port } = await fake(startFakeOllama({ models: ['a', 'b'] }));
    const ollama = { software: 'ollama', kind: 'ollama', isSimulated: true };
    for (const usual of ['ollama', 'vllm'] as const) {
      const found = await identify(placeOf(usual, port));
      expect(found).toEqual({ kind: 'server', modelCount: 2, server: ollama });
    }
  });

  it.each([
    ['vllm', 'vllm'],
    ['llama.cpp', 'llama-cpp'],
    ['openai', 'openai-compatible'],
  ] as const)('knows %s, wherever it listens', async (flavour, software) => {
    const { port } = await fake(startFakeOpenAi({ flavour, models: ['a'] }));
    const server = { software, kind: 'openai-compatible', isSimulated: true };
    for (const usual of ['ollama', 'llama-cpp'] as const) {
      const found = await identify(placeOf(usual, port));
      expect(found).toEqual({ kind: 'server', modelCount: 1, server });
    }
  });

  it('knows Ollama by its own list, though it speaks OpenAI’s protocol too', async () => {
    const { port } = await serve(({ url }, response) => {
      if (url === '/api/version') response.end('{"version":"0.12.6"}');
      else if (url === '/api/tags') response.end('{"models":[{"name":"a"},{"name":"b"}]}');
      else response.end('{"object":"list","data":[{"id":"a","owned_by":"library"}]}');
    });
    const server = { software: 'ollama', kind: 'ollama', isSimulated: false };
    const found = await identify(placeOf('llama-cpp', port));
    expect(found).toEqual({ kind: 'server', modelCount: 2, server });
  });

  it('asks a server at its usual place only its usual question', async () => {
    const asked: string[] = [];
    const { port } = await serve((request, response) => {
      asked.push(request.url ?? '');
      response.end('{"data":[{"id":"m","owned_by":"organization_owner"}]}');
    });
    await identify(placeOf('lm-studio', port));
    expect(asked).toEqual(['/v1/models']);
  });

  it('never takes a Switchyard, whatever it answers', async () => {
    const { port } = await serve((_request, response) => {
      response.setHeader('x-switchyard-instance', 'sy-other');
      response.end('{"version":"0.12.6","data":[{"id":"m","owned_by":"vllm"}]}');
    });
    for (const usual of ['ollama', 'vllm'] as const) {
      expect(await identify(placeOf(usual, port))).toEqual({ kind: 'switchyard' });
    }
  });

  it.each([
    ['asks for a key', 401, '{"error":"no"}'],
    ['loads its model', 503, '{"error":{"message":"Loading model"}}'],
    ['is a web page', 200, '<html>'],
    ['leads elsewhere', 302, ''],
  ])('says what a server answers that %s', async (_name, status, body) => {
    const { port } = await serve((_request, response) => {
      response.writeHead(status, { location: 'http://127.0.0.1:1/' }).end(body);
    });
    expect(await identify(placeOf('llama-cpp', port))).toEqual({ kind: 'stranger', status });
  });

  it('finds nothing where nobody listens', async () => {
    const { port, server } = await serve(() => {});
    server.close();
    await once(server, 'close');
    expect(await identify(placeOf('ollama', port))).toEqual({ kind: 'nothing' });
  });

  it('gives up on a listener that says nothing', async () => {
    const { port } = await serve(() => {});
    expect(await identify(placeOf('ollama', port))).toEqual({ kind: 'nothing' });
  });

  it('reads no endless answer', async () => {
    const { port } = await serve((_request, response) => {
      const write = () => {
        while (response.write('x'.repeat(65_536)));
      };
      response.on('drain', write);
      write();
    });
    expect(await identify(placeOf('vllm', port))).toEqual({ kind: 'stranger', status: 200 });
  });
});
