import { foundBackend } from '@switchyard/config';
import type { Backend } from '@switchyard/domain';
import type { Fault, FakeBackend } from '@switchyard/testing/fakes';

/** Simulated model servers on loopback, labelled so in their ids, models, tags and answers. */
export type Simulations = { readonly backends: readonly Backend[]; stop(): Promise<void> };

/** Every third request fails, so that failover is seen to work. */
const shakyRequests = 3_000;
const shaky = Object.fromEntries(
  Array.from({ length: shakyRequests / 3 }, (_, at): [number, Fault] => [
    at * 3,
    { kind: 'status', status: 500 },
  ]),
);

/** Starts a quick, a slow and a shaky server. */
export async function startSimulations(idSuffix = ''): Promise<Simulations> {
  const { startFakeOllama, startFakeOpenAi } = await import('@switchyard/testing/fakes');
  const chat = 'simulated-chat';
  const answers = { outputTokens: 60 };
  const [quick, slow, unsteady] = await Promise.all([
    startFakeOpenAi({
      ...answers,
      flavour: 'vllm',
      models: [chat, 'simulated-embed'],
      firstTokenDelayMs: 80,
      tokensPerSecond: 120,
    }),
    startFakeOllama({
      ...answers,
      models: [chat, 'simulated-large'],
      firstTokenDelayMs: 300,
      tokensPerSecond: 25,
    }),
    startFakeOpenAi({
      ...answers,
      flavour: 'llama.cpp',
      models: [chat],
      firstTokenDelayMs: 150,
      tokensPerSecond: 60,
      faults: { at: shaky },
    }),
  ]);
  const servers: readonly FakeBackend[] = [quick, slow, unsteady];
  const facts = { origin: 'discovered', simulated: true, tags: ['simulated'] } as const;
  const named = (name: string, server: FakeBackend): Backend =>
    foundBackend({
      ...facts,
      id: `simulated-${name}${idSuffix}`,
      kind: server.kind === 'ollama' ? 'ollama' : 'openai-compatible',
      endpointUrl: server.kind === 'ollama' ? server.url : `${server.url}/v1`,
      maxConcurrentRequests: 4,
    });
  return {
    backends: [named('quick', quick), named('slow', slow), named('shaky', unsteady)],
    stop: async () => {
      await Promise.all(servers.map((server) => server.stop()));
    },
  };
}
