/** Where AI servers listen by default on the machine they run on. */
export type Place = { readonly id: string; readonly name: string; readonly port: number };

export const places: readonly Place[] = [
  { id: 'ollama', name: 'Ollama', port: 11_434 },
  { id: 'lm-studio', name: 'LM Studio', port: 1_234 },
  { id: 'vllm', name: 'vLLM', port: 8_000 },
  { id: 'llama-cpp', name: 'llama.cpp', port: 8_080 },
];
