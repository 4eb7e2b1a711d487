import { answerText, summaryText, type Task, tasksText, taskText } from './task.js';

const task = (changes: Partial<Task> = {}): Task => ({
  task_id: 'job-1',
  status: 'completed',
  backend: 'ollama',
  kind: 'chat',
  model: 'tiny',
  priority: 5,
  attempts: [],
  max_attempts: 3,
  result: {
    response: 'Hello',
    processing_time_ms: 1_500,
    metadata: { input_tokens: 3, output_tokens: 20 },
  },
  error: null,
  cost: null,
  created_at: '2026-01-01T00:00:00.000Z',
  started_at: '2026-01-01T00:00:01.000Z',
  completed_at: '2026-01-01T00:00:02.500Z',
  ...changes,
});
const nowMs = Date.parse('2026-01-01T00:02:00.000Z');
const refused = { code: 'upstream_error', message: 'HTTP 500' };

it('a list has one line for each job', () => {
  const failed = task({ task_id: 'job-2', status: 'failed', result: null, error: refused });
  expect(tasksText([task(), failed], nowMs)).toBe(
    [
      'JOB    STATUS     KIND  MODEL  BACKEND  AGE      TOOK   ERROR',
      'job-1  completed  chat  tiny   ollama   2 m 0 s  1.5 s',
      'job-2  failed     chat  tiny   ollama   2 m 0 s  1.5 s  upstream_error',
    ].join('\n'),
  );
});

it('a job shows its attempts and its answer', () => {
  const [startedAt, endedAt] = ['2026-01-01T00:00:01.000Z', '2026-01-01T00:00:01.250Z'];
  const text = taskText(
    task({ attempts: [{ n: 1, backend: 'vllm', startedAt, endedAt, error: refused }] }),
  );
  expect(text).toContain('tokens     3 tokens in, 20 out');
  expect(text).toContain('1 of 3   vllm     250 ms   upstream_error: HTTP 500');
  expect(text.endsWith('\n\nHello')).toBe(true);
});

it.each<[string, Task, string]>([
  ['completed', task(), 'completed on ollama, in 1.5 s, 3 tokens in, 20 out'],
  ['failed before it ran', task({ status: 'failed', backend: null, result: null }), 'failed'],
])('a job that %s is told in one line', (_name, ended, line) => {
  expect(summaryText(ended)).toBe(line);
});

it.each<[string, unknown, string]>([
  ['text', 'Hi', 'Hi'],
  ['vectors', [[1, 0]], '[[1,0]]'],
  ['nothing', null, ''],
])('an answer of %s is shown', (_name, response, shown) => {
  const result = { ...task().result, response } as Task['result'];
  expect(answerText({ result })).toBe(shown);
});
