import { jobClassOf } from './job-class.js';

describe('the class of a job', () => {
  it.each([
    ['chat.0.0', 'chat', 0, 0],
    ['chat.0.0', 'chat', 512, 128],
    ['chat.1.1', 'chat', 513, 129],
    ['chat.2.1', 'chat', 4097, 1024],
    ['chat.3.2', 'chat', 32_769, 1025],
    ['embedding.3.0', 'embedding', Infinity, 0],
    ['video.0.0', 'video', Number.NaN, -1],
  ] as const)('%s: %s, %d in, %d out', (expected, kind, estimatedInputTokens, maxOutputTokens) => {
    expect(jobClassOf({ kind, estimatedInputTokens, maxOutputTokens })).toBe(expected);
  });
});
