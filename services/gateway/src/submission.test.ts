import { createHash } from 'node:crypto';
import type { Bus, Objects } from '@switchyard/bus';
import { AppError, noFaults, silentLog } from '@switchyard/domain';
import { noTracing } from '@switchyard/telemetry';
import { type Ask, Submission } from './submission.js';

type Published = { readonly subject: string; readonly data: string; readonly messageId?: string };

/** The part of the bus that a submission needs, answering from a script. */
function scripted(answers: (object | Error)[], published: Published[]): Bus {
  return {
    isConnected: true,
    publish: async (subject: string, data: string, { messageId }: { messageId?: string }) => {
      published.push({ subject, data, messageId });
      const answer = answers.shift();
      if (answer instanceof Error) throw answer;
      return answer;
    },
  } as unknown as Bus;
}

const stored = { kind: 'stored', seq: 1, isDuplicate: false };
const unknown = () => new AppError('unavailable', 'NATS did not acknowledge in time');

function submissionOn(bus: Bus, inlineLimitBytes = 1_000, put: (name: string) => void = () => {}) {
  return new Submission({
    bus,
    objects: { put: async (name: string) => put(name) } as unknown as Objects,
    installation: { id: 'sy-1', secret: Buffer.from('secret') },
    settings: {
      apiKeys: [],
      bodyLimitBytes: 1_000_000,
      inlineLimitBytes,
      queueTimeoutMs: 30_000,
      maxWaitMs: 86_400_000,
      attemptsMax: 3,
      isPriorityEnabled: true,
      queueCapacity: 10,
      allowedNetworks: [],
    },
    log: silentLog,
    now: () => 1_700_000_000_000,
    faultPoint: noFaults,
    tracing: noTracing,
  });
}

const ask: Ask = {
  account: 'team-a',
  dialect: 'openai.chat',
  model: 'm',
  bodyText: '{"model":"m","seed":12345678901234567890,"messages":[]}',
  priority: 9,
  stream: false,
  hasWaiter: true,
  hops: 0,
};

describe('a submission', () => {
  it('carries the body as the text it came as, under the subject of class, kind and account', async () => {
    const published: Published[] = [];
    await submissionOn(scripted([stored], published)).submit('j1', ask);
    const [message] = published;
    expect(message?.subject).toBe('jobs.submit.high.chat.team-a');
    expect(message?.messageId).toBe('j1');
    expect(message?.data).toContain(`"body":${ask.bodyText}`);
    expect(JSON.parse(message?.data ?? '')).toMatchObject({
      id: 'j1',
      account: 'team-a',
      submittedAtMs: 1_700_000_000_000,
      queueTimeoutMs: 30_000,
    });
  });

  it('names no API key where nobody needs one', async () => {
    const published: Published[] = [];
    const submission = submissionOn(scripted([stored, stored], published));
    await submission.submit('j1', ask);
    await submission.submit('j2', { ...ask, apiKey: 'ci' });
    expect(published[0]?.data).not.toContain('apiKey');
    expect(JSON.parse(published[1]?.data ?? '')).toMatchObject({ apiKey: 'ci' });
  });

  it('repeats an unknown result once, with the same id', async () => {
    const published: Published[] = [];
    await submissionOn(scripted([unknown(), stored], published)).submit('j1', ask);
    expect(published.map(({ messageId }) => messageId)).toEqual(['j1', 'j1']);
    expect(published[0]?.data).toBe(published[1]?.data);
  });

  it('says unavailable where the result stays unknown', async () => {
    const submission = submissionOn(scripted([unknown(), unknown()], []));
    await expect(submission.submit('j1', ask)).rejects.toMatchObject({
      code: 'unavailable',
      httpStatus: 503,
    });
  });

  it('says queue_full with a time to wait where the stream is at its limit', async () => {
    const submission = submissionOn(scripted([{ kind: 'full', perSubject: false }], []));
    const refusal = { code: 'queue_full', httpStatus: 429, retryAfterMs: 5_000 };
    await expect(submission.submit('j1', ask)).rejects.toMatchObject(refusal);
  });

  it('takes the cell of a key back where the job is refused, and only its own', async () => {
    const deleted: unknown[] = [];
    const refusing = (written: object) => {
      const bus = scripted([{ kind: 'full', perSubject: false }], []);
      const deleteSeq = async (...at: unknown[]) => deleted.push(at) > 0;
      return submissionOn(Object.assign(bus, { deleteSeq, cells: { write: async () => written } }));
    };
    const keyed = { ...ask, idempotencyKey: 'k', asked: {} };
    const refusal = { code: 'queue_full' };
    const current = { seq: 6, cell: { status: 'submitted', account: 'team-a' } };
    const again = refusing({ kind: 'refused', current });
    await expect(again.submit('k1', keyed)).rejects.toMatchObject(refusal);
    expect(deleted).toEqual([]);
    const first = refusing({ kind: 'written', seq: 7 });
    await expect(first.submit('k1', keyed)).rejects.toMatchObject(refusal);
    expect(deleted).toEqual([['STATE', 7]]);
  });

  it('puts a body over the inline limit into the object store before the message that names it', async () => {
    const published: Published[] = [];
    const steps: string[] = [];
    const bus = scripted([stored], published);
    const submission = submissionOn(bus, 10, (name) => steps.push(`${name} ${published.length}`));
    await submission.submit('j1', ask);
    expect(steps).toEqual(['j1/in 0']);
    const job = JSON.parse(published[0]?.data ?? '');
    expect({ bodyRef: job.bodyRef, body: job.body, model: job.model }).toEqual({
      bodyRef: 'j1/in',
      body: undefined,
      model: 'm',
    });
  });

  it('makes the same id of the same account and key only', () => {
    const submission = submissionOn(scripted([], []));
    const idOf = (account: string, idempotencyKey: string) =>
      submission.idFor({ account, idempotencyKey });
    expect(idOf('a', 'k')).toBe(idOf('a', 'k'));
    expect(new Set([idOf('a', 'k'), idOf('b', 'k'), idOf('a', 'l'), idOf('a\nk', '')]).size).toBe(
      4,
    );
    expect(idOf('a', 'k')).toMatch(/^k[A-Za-z0-9_-]{32}$/);
    expect(idOf('a', 'k')).not.toContain(
      createHash('sha256').update('a\nk').digest('base64url').slice(0, 8),
    );
  });

  it('makes new ids that sort by time', () => {
    const submission = submissionOn(scripted([], []));
    const id = submission.idFor({ account: 'a' });
    expect(id).toMatch(/^j[0-9a-z]{9}[A-Za-z0-9_-]{16}$/);
    expect(submission.idFor({ account: 'a' })).not.toBe(id);
  });
});
