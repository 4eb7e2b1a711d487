import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Bus } from '@switchyard/bus';
import {
  decode,
  encode,
  streams,
  subjects,
  type WireCell,
  type WireDispatch,
  type WireJob,
} from '@switchyard/contracts';
import { noFaults, silentLog } from '@switchyard/domain';
import { Metrics } from '@switchyard/telemetry';
import { eventually, startTestNats } from '@switchyard/testing';
import { TaskTracker } from '../task-tracker.js';

/** A cell that names its job. */
export type Cell = WireCell & { readonly jobId: string };

/**
 * A nats-server with every stream, one connection, and a clock that stands still until it is moved.
 */
export async function openYard() {
  let nats = await startTestNats();
  let bus = await connect(nats.url);
  const folder = await mkdtemp(join(tmpdir(), 'switchyard-yard-'));
  const clock = { nowMs: 1_800_000_000_000 };
  /** Resolves once all that was sent was heard: the server answers in order. */
  const settle = async () => {
    await new Promise((resolve) => setImmediate(resolve));
    await bus.flush();
  };
  return {
    get bus() {
      return bus;
    },
    clock,
    now: () => clock.nowMs,
    settle,
    /** Lets a heartbeat of an executor be heard by whoever listens. */
    beat: async (instanceId: string, backends: readonly string[], seq = 0) => {
      const beat = { instanceId, service: 'executor-x', startedAtMs: 1, seq, backends };
      bus.emit(subjects.heartbeat('executor-x', instanceId), encode(beat));
      await settle();
    },
    /** Puts a dispatch into a slot as a router would; returns its sequence. */
    dispatch: async (backendId: string, slot: number, facts: WireDispatch): Promise<number> => {
      const stored = await bus.publish(
        subjects.dispatch(backendId, slot),
        encode({ attemptNo: 1, backendId, slot, decisionId: 'd', ...facts }),
      );
      if (stored.kind !== 'stored') throw new Error(`dispatch: ${stored.kind}`);
      return stored.seq;
    },
    write: async (cell: Cell, expectedSeq = 0): Promise<number> => {
      const written = await bus.cells.write(cell, expectedSeq);
      if (written.kind !== 'written') throw new Error('cell refused');
      return written.seq;
    },
    cell: async (jobId: string) => (await bus.cells.read(jobId))?.cell,
    /** Every job in RETRIES, in order. */
    retries: async (): Promise<WireJob[]> => {
      const { firstSeq, lastSeq } = await bus.streamState('RETRIES');
      const found: WireJob[] = [];
      for (let seq = Math.max(1, firstSeq); seq <= lastSeq; seq += 1) {
        const message = await bus.readSeq('RETRIES', seq);
        if (message) found.push(decode<WireJob>(message.data));
      }
      return found;
    },
    /** How many dispatches are left. */
    dispatches: async () => (await bus.streamState('DISPATCH')).messages,
    /** Another server with an empty store in place of the one that was there. */
    replaceServer: async () => {
      await bus.drain(1_000);
      await nats.stop();
      nats = await startTestNats();
      bus = await connect(nats.url);
    },
    /** A whole task-tracker, ready. */
    startTracker: async () => {
      const queue = { retryAttempts: 3, retryDelaysMs: [1_000] } as never;
      const tracker = new TaskTracker({
        bus,
        config: { dataDir: folder, queue },
        log: silentLog,
        metrics: new Metrics({ withProcess: false }),
        instanceId: 'tracker-1',
        faultPoint: noFaults,
        now: () => clock.nowMs,
      });
      await tracker.start();
      await eventually(() => {
        if (tracker.checks.projection() !== true) throw new Error('not ready');
      });
      return tracker;
    },
    eventually,
    close: async () => {
      await bus.drain(1_000);
      await nats.stop();
      await rm(folder, { recursive: true });
    },
  };
}

async function connect(url: string): Promise<Bus> {
  const bus = await Bus.connect({ url, name: 'yard' });
  await bus.provision(Object.values(streams({ queueCapacity: 1_000 })), 1);
  return bus;
}

/** What `openYard` gives. */
export type Yard = Awaited<ReturnType<typeof openYard>>;

/** A chat job as it travels in a dispatch. */
export const chatJob = (id: string, changes: WireJob = {}): WireJob => ({
  id,
  account: 'default',
  kind: 'chat',
  model: 'm',
  priority: 5,
  submittedAtMs: 1_799_999_000_000,
  body: { model: 'm', messages: [{ role: 'user', content: 'Which track?' }] },
  ...changes,
});
