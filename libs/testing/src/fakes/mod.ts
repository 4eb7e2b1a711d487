export type { Fault, FakeFaults } from './faults.js';
export { startFakeOllama } from './ollama.js';
export { startFakeOpenAi } from './openai.js';
export type { FakeBackend, FakeCounts, FakeKind, FakeOptions, FakeRequest } from './options.js';
