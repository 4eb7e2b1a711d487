import { parseArgs } from 'node:util';
import { startFakeOllama } from './ollama.js';
import { startFakeOpenAi } from './openai.js';
import type { FakeBackend } from './options.js';

const text = { type: 'string' } as const;

/**
 * Starts the fake that command line arguments describe: `--kind ollama --port 0 --tokens-per-second
 * 50` ...
 */
export async function fakeFromArguments(args: readonly string[]): Promise<FakeBackend> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      kind: text,
      port: text,
      models: text,
      'first-token-delay-ms': text,
      'tokens-per-second': text,
      'output-tokens': text,
      'max-concurrent': text,
      text,
      flavour: text,
      'api-key': text,
    },
  });
  const start =
    oneOf('kind', values.kind, ['openai', 'ollama']) === 'ollama'
      ? startFakeOllama
      : startFakeOpenAi;
  return start({
    port: numberOf('port', values.port),
    models: values.models?.split(','),
    firstTokenDelayMs: numberOf('first-token-delay-ms', values['first-token-delay-ms']),
    tokensPerSecond: numberOf('tokens-per-second', values['tokens-per-second']),
    outputTokens: numberOf('output-tokens', values['output-tokens']),
    maxConcurrent: numberOf('max-concurrent', values['max-concurrent']),
    text: oneOf('text', values.text, ['words', 'echo']),
    flavour: oneOf('flavour', values.flavour, ['openai', 'vllm', 'llama.cpp']),
    apiKey: values['api-key'],
  });
}

function numberOf(name: string, given: string | undefined): number | undefined {
  if (given === undefined) return undefined;
  const value = Number(given);
  if (Number.isFinite(value) && value >= 0) return value;
  throw new Error(`--${name} must be a number of 0 or more, not "${given}"`);
}

function oneOf<T extends string>(
  name: string,
  given: string | undefined,
  allowed: readonly T[],
): T | undefined {
  const found = allowed.find((value) => value === given);
  if (given === undefined || found !== undefined) return found;
  throw new Error(`--${name} must be one of ${allowed.join(', ')}, not "${given}"`);
}
