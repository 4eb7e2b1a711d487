import type { StreamSpec } from '@switchyard/contracts';
import { diffStream, toStreamConfig } from './stream-diff.js';

const spec: StreamSpec = {
  name: 'JOBS',
  subjects: ['jobs.>'],
  retention: 'workqueue',
  storage: 'file',
  discard: 'new',
  maxMessages: 10,
  duplicateWindowMs: 1_000,
  why: 'a test',
};
const want = toStreamConfig(spec, 1);

describe('diffStream', () => {
  it('finds nothing to do where the stream is as wanted', () => {
    expect(diffStream(want, want)).toEqual({ updates: [], refusals: [] });
  });

  it.each([
    ['max_msgs', 20],
    ['subjects', ['other.>']],
    ['max_age', 5],
    ['description', 'older'],
  ])('updates %s', (key, value) => {
    expect(diffStream({ ...want, [key]: value }, want)).toEqual({ updates: [key], refusals: [] });
  });

  it.each([
    ['retention', 'limits', 'JOBS.retention is limits, needed workqueue'],
    ['storage', 'memory', 'JOBS.storage is memory, needed file'],
  ])('refuses another %s and says what is needed', (key, value, refusal) => {
    expect(diffStream({ ...want, [key]: value }, want)).toEqual({
      updates: [],
      refusals: [refusal],
    });
  });
});
