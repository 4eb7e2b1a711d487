/**
 * Model servers that can be told apart; `openai-compatible` is any other that speaks OpenAI's
 * protocol.
 */
export const Software = {
  ollama: 'ollama',
  lmStudio: 'lm-studio',
  vllm: 'vllm',
  llamaCpp: 'llama-cpp',
  sglang: 'sglang',
  openaiCompatible: 'openai-compatible',
} as const;
export type Software = (typeof Software)[keyof typeof Software];

/** Where a model server listens by default on the machine it runs on. */
export type Place = {
  /** What listens there by default. */
  readonly software: Software;
  /** As people call it. */
  readonly name: string;
  readonly port: number;
};

/** The places that are looked at. */
export const places: readonly Place[] = [
  { software: 'ollama', name: 'Ollama', port: 11_434 },
  { software: 'lm-studio', name: 'LM Studio', port: 1_234 },
  { software: 'vllm', name: 'vLLM', port: 8_000 },
  { software: 'llama-cpp', name: 'llama.cpp', port: 8_080 },
];
