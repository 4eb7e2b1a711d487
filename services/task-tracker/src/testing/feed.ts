import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  encode,
  subjects,
  type WireCell,
  type WireDecision,
  type WireJobEvent,
} from '@switchyard/contracts';
import { silentLog } from '@switchyard/domain';
import type { FoldedStream } from '../pending-facts.js';
import { Projection } from '../projection.js';
import { Questions } from '../questions.js';

/** One fact of a job's life as a message. */
export type Fact = {
  readonly stream: FoldedStream;
  readonly subject: string;
  readonly text: string;
};

const submittedAtMs = 1_800_000_000_000;

/** A state cell as a message. */
export const cellFact = (cell: WireCell & { readonly jobId: string }): Fact => {
  const known = { account: 'default', kind: 'chat', model: 'm', priority: 5, submittedAtMs };
  return {
    stream: 'STATE',
    subject: subjects.state(cell.jobId),
    text: encode({ ...known, updatedAtMs: submittedAtMs, ...cell }),
  };
};

/** A `queued` event as a message. */
export const queuedFact = (event: WireJobEvent): Fact => {
  const known = { account: 'default', event: 'queued', kind: 'chat', model: 'm', priority: 5 };
  const text = encode({ ...known, submittedAtMs, atMs: submittedAtMs, attemptNo: 1, ...event });
  return { stream: 'EVENTS', subject: subjects.jobEvent('queued'), text };
};

/** A `decided` event as a message, as the router writes it. */
export const decidedFact = (decision: WireDecision): Fact => {
  const { jobId = '', attemptNo = 1, backendId = 'gpu-1', queueWaitMs = 40, record } = decision;
  const head = { decisionId: `${jobId}.${attemptNo}`, jobId, account: 'default', attemptNo };
  const rest = {
    verdict: 'route',
    backendId,
    decidedAtMs: submittedAtMs + queueWaitMs,
    queueWaitMs,
  };
  const seen = record ?? { job: { kind: 'chat', model: 'm', priority: 5 } };
  const text = encode({ ...head, ...rest, record: seen });
  return { stream: 'EVENTS', subject: subjects.jobEvent('decided'), text };
};

/** A projection that is fed by hand, with a clock that stands still until it is moved. */
export async function openFeed() {
  const folder = await mkdtemp(join(tmpdir(), 'switchyard-tracker-'));
  const clock = { nowMs: submittedAtMs };
  const tells = new Map<string, (subject: string, data: Uint8Array, seq: number) => void>();
  const seqs = { STATE: 0, EVENTS: 0 };
  const bus: ConstructorParameters<typeof Projection>[0]['bus'] = {
    follow: async ({ stream, tell }) => {
      tells.set(stream, (subject, data, seq) => tell(subject, data, seq, 0));
      return async () => {};
    },
    streamState: async (stream) => {
      const lastSeq = seqs[stream as FoldedStream];
      return { createdAtMs: 1, firstSeq: 1, lastSeq, messages: lastSeq };
    },
  };
  const now = () => clock.nowMs;
  const projection = new Projection({ bus, log: silentLog, folder, instanceId: 'tracker-1', now });
  await projection.start();
  return {
    clock,
    projection,
    questions: new Questions(projection, now),
    /** Tells facts in order; they are written when the projection thinks fit. */
    tell: (...facts: readonly Fact[]) => {
      for (const { stream, subject, text } of facts) {
        seqs[stream] += 1;
        tells.get(stream)?.(subject, Buffer.from(text), seqs[stream]);
      }
    },
    /** How far the file says that each stream is folded. */
    stored: async () => {
      const rows = await projection.database.query.selectFrom('streams').selectAll().execute();
      return Object.fromEntries(rows.map(({ stream, seq }) => [stream, seq]));
    },
    close: async () => {
      await projection.stop();
      await rm(folder, { recursive: true });
    },
  };
}
