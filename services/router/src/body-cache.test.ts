import type { Bus } from '@switchyard/bus';
import { BodyCache } from './body-cache.js';
import type { RoutedJob } from './routed-job.js';

const attempt = (attemptNo: number) =>
  ({ id: 'job', attemptNo, origin: { stream: 'express', seq: 0 } }) as RoutedJob;

describe('BodyCache', () => {
  it('keeps the texts of two attempts of one job apart', async () => {
    const bodies = new BodyCache({} as Bus);
    const [submission, retry] = [attempt(1), attempt(2)];
    bodies.keep(submission, 'submission');
    bodies.keep(retry, 'retry');
    expect(await bodies.textOf(submission)).toBe('submission');
    expect(await bodies.textOf(retry)).toBe('retry');
    bodies.forget(submission);
    expect(await bodies.textOf(submission)).toBeUndefined();
    expect(await bodies.textOf(retry)).toBe('retry');
  });
});
