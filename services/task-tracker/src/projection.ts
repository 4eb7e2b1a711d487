import type { Bus } from '@switchyard/bus';
import {
  decode,
  outcomeTtlMs,
  subjects,
  type WireCell,
  type WireDecision,
  type WireJobEvent,
} from '@switchyard/contracts';
import type { Log } from '@switchyard/domain';
import { TrackerDatabase, type JobTable } from './database.js';
import { rowOfCell, rowOfDecision, rowOfQueued } from './facts.js';

const streamNames = ['STATE', 'EVENTS'] as const;
type StreamName = (typeof streamNames)[number];

const flushEveryMs = 50;
const flushAtRows = 500;
const purgeEveryMs = 60_000;

const columns: readonly (keyof JobTable)[] = [
  'job_id',
  'account',
  'user_id',
  'status',
  'stage',
  'kind',
  'model',
  'priority',
  'backend_id',
  'executor_id',
  'decision_id',
  'attempt_no',
  'attempts',
  'submitted_at_ms',
  'started_at_ms',
  'finished_at_ms',
  'updated_at_ms',
  'queue_wait_ms',
  'failure',
  'usage',
  'cost_usd_micros',
];

/** Later stages win, and so do later facts of one stage; what a later fact does not know stays. */
const upsert = `
insert into jobs (${columns.join(', ')}) values (${columns.map(() => '?').join(', ')})
on conflict (job_id) do update set
  ${columns
    .slice(3)
    .map(
      (name) =>
        `${name} = ${['submitted_at_ms', 'status', 'stage'].includes(name) ? '' : 'coalesce('}excluded.${name}${['submitted_at_ms', 'status', 'stage'].includes(name) ? '' : `, jobs.${name})`}`,
    )
    .join(',\n  ')}
where excluded.stage > jobs.stage or (excluded.stage = jobs.stage and excluded.updated_at_ms >= jobs.updated_at_ms)`;

/**
 * Folds STATE and EVENTS into the table of jobs. Facts are written in batches, each with the sequence up to which it
 * goes, so that a restart continues where it stopped. A file that is too old for its stream is dropped and made anew.
 */
export class Projection {
  readonly #bus: Bus;
  readonly #log: Log;
  readonly #path: string;
  readonly #seqs: Record<StreamName, number> = { STATE: 0, EVENTS: 0 };
  #database: TrackerDatabase;
  #rows: JobTable[] = [];
  #stops: (() => Promise<void> | void)[] = [];

  constructor(bus: Bus, log: Log, path: string) {
    this.#bus = bus;
    this.#log = log;
    this.#path = path;
    this.#database = TrackerDatabase.open(path);
  }

  get database(): TrackerDatabase {
    return this.#database;
  }

  async start(): Promise<void> {
    await this.#resume();
    for (const stream of streamNames) {
      this.#stops.push(
        await this.#bus.follow({
          stream,
          fromSeq: this.#seqs[stream] + 1,
          tell: (subject, data, seq) => this.#fold(stream, subject, data, seq),
        }),
      );
    }
    this.#every(flushEveryMs, () => this.flush());
    this.#every(purgeEveryMs, () => this.#purge(Date.now() - outcomeTtlMs));
  }

  async stop(): Promise<void> {
    for (const stop of this.#stops.splice(0)) await stop();
    this.flush();
    this.#database.close();
  }

  /** Writes what was folded, and how far, in one transaction. */
  flush(): void {
    if (this.#rows.length === 0) return;
    const rows = this.#rows;
    this.#rows = [];
    const { sqlite } = this.#database;
    const insert = sqlite.prepare(upsert);
    const advance = sqlite.prepare('insert or replace into progress (stream, seq) values (?, ?)');
    sqlite.transaction(() => {
      for (const row of rows) insert.run(...columns.map((name) => row[name]));
      for (const stream of streamNames) advance.run(stream, this.#seqs[stream]);
    })();
  }

  /** Reads how far the file goes; one whose next fact is gone from its stream cannot be continued. */
  async #resume(): Promise<void> {
    for (const { stream, seq } of await this.#database.query
      .selectFrom('progress')
      .selectAll()
      .execute()) {
      this.#seqs[stream as StreamName] = seq;
    }
    // STATE keeps only the last message of each job, so gaps in its sequences are no loss.
    const { firstSeq, lastSeq } = await this.#bus.streamState('EVENTS');
    const state = await this.#bus.streamState('STATE');
    const isAhead = this.#seqs.EVENTS > lastSeq || this.#seqs.STATE > state.lastSeq;
    const isBehind = this.#seqs.EVENTS > 0 && this.#seqs.EVENTS + 1 < firstSeq;
    if (!isAhead && !isBehind) return;
    this.#log.info(
      { isAhead, isBehind },
      'the projection does not fit its streams and is made anew',
    );
    this.#database.close();
    this.#database = TrackerDatabase.open(this.#path, true);
    this.#seqs.STATE = 0;
    this.#seqs.EVENTS = 0;
  }

  #fold(stream: StreamName, subject: string, data: Uint8Array, seq: number): void {
    this.#seqs[stream] = seq;
    const row = data.length === 0 ? undefined : readRow(stream, subject, data);
    if (row) this.#rows.push(row);
    if (this.#rows.length >= flushAtRows) this.flush();
  }

  #purge(beforeMs: number): void {
    this.#database.sqlite.prepare('delete from jobs where finished_at_ms < ?').run(beforeMs);
  }

  #every(periodMs: number, act: () => void): void {
    const timer = setInterval(act, periodMs);
    timer.unref();
    this.#stops.push(() => clearInterval(timer));
  }
}

function readRow(stream: StreamName, subject: string, data: Uint8Array): JobTable | undefined {
  if (stream === 'STATE') return rowOfCell(decode<WireCell>(data));
  if (subject === subjects.jobEvent('queued')) return rowOfQueued(decode<WireJobEvent>(data));
  if (subject === subjects.jobEvent('decided')) return rowOfDecision(decode<WireDecision>(data));
  return undefined;
}
