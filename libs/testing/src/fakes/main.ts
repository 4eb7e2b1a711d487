#!/usr/bin/env node
import { parseArgs } from 'node:util';
import { startFakeOllama } from './ollama.js';
import { startFakeOpenAi } from './openai.js';
import type { FakeOptions } from './options.js';

/** Runs one fake backend as a process of its own; prints its address as the first line and stops on SIGTERM. */
const { values } = parseArgs({
  options: {
    kind: { type: 'string', default: 'openai' },
    port: { type: 'string' },
    models: { type: 'string' },
    'first-token-delay-ms': { type: 'string' },
    'tokens-per-second': { type: 'string' },
    'output-tokens': { type: 'string' },
    'max-concurrent': { type: 'string' },
    text: { type: 'string' },
    flavour: { type: 'string' },
    'api-key': { type: 'string' },
  },
});

const numberOf = (name: string, text: string | undefined): number | undefined => {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (Number.isFinite(value) && value >= 0) return value;
  throw new Error(`--${name} must be a number of 0 or more, not "${text}"`);
};
const oneOf = <T extends string>(name: string, text: string | undefined, allowed: readonly T[]): T | undefined => {
  const found = allowed.find((value) => value === text);
  if (text === undefined || found) return found;
  throw new Error(`--${name} must be one of ${allowed.join(', ')}, not "${text}"`);
};

const options: FakeOptions = {
  port: numberOf('port', values.port),
  models: values.models?.split(','),
  firstTokenDelayMs: numberOf('first-token-delay-ms', values['first-token-delay-ms']),
  tokensPerSecond: numberOf('tokens-per-second', values['tokens-per-second']),
  outputTokens: numberOf('output-tokens', values['output-tokens']),
  maxConcurrent: numberOf('max-concurrent', values['max-concurrent']),
  text: oneOf('text', values.text, ['words', 'echo']),
  flavour: oneOf('flavour', values.flavour, ['openai', 'vllm', 'llama.cpp']),
  apiKey: values['api-key'],
};
const kind = oneOf('kind', values.kind, ['openai', 'ollama']);
const fake = await (kind === 'ollama' ? startFakeOllama : startFakeOpenAi)(options);
console.log(fake.url);
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void fake.stop());
