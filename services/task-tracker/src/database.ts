import { mkdirSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { Kysely, SqliteDialect } from 'kysely';
import Database from 'libsql';

/** One job of the projection. Times are Unix ms; nested values are JSON texts. */
export type JobTable = {
  job_id: string;
  account: string;
  user_id: string | null;
  status: string;
  /** How late in a job's life the fact is from which the row was written: 0 waiting, 1 dispatched, 2 cell, 3 outcome. */
  stage: number;
  kind: string;
  model: string;
  priority: number;
  backend_id: string | null;
  executor_id: string | null;
  decision_id: string | null;
  attempt_no: number;
  attempts: string;
  submitted_at_ms: number;
  started_at_ms: number | null;
  finished_at_ms: number | null;
  updated_at_ms: number;
  queue_wait_ms: number | null;
  failure: string | null;
  usage: string | null;
  cost_usd_micros: number | null;
};

/** Sequence of each stream up to which its facts are in the table. */
export type ProgressTable = { stream: string; seq: number };

export type TrackerTables = { jobs: JobTable; progress: ProgressTable };

/** Changes with the tables below; a file of another version is dropped and folded anew. */
const schemaVersion = 1;

const schema = `
create table jobs (
  job_id text primary key, account text not null, user_id text, status text not null, stage integer not null,
  kind text not null, model text not null, priority integer not null, backend_id text, executor_id text,
  decision_id text, attempt_no integer not null, attempts text not null, submitted_at_ms integer not null,
  started_at_ms integer, finished_at_ms integer, updated_at_ms integer not null, queue_wait_ms integer,
  failure text, usage text, cost_usd_micros integer
) without rowid;
create index jobs_by_account on jobs (account, submitted_at_ms desc, job_id);
create index jobs_by_status on jobs (status, updated_at_ms);
create table progress (stream text primary key, seq integer not null) without rowid;
`;

/** The projection's file: a read model that can be thrown away at any time. */
export class TrackerDatabase {
  readonly sqlite: Database.Database;
  readonly query: Kysely<TrackerTables>;

  private constructor(sqlite: Database.Database) {
    this.sqlite = sqlite;
    this.query = new Kysely<TrackerTables>({ dialect: new SqliteDialect({ database: sqlite }) });
  }

  /** Opens the file, or makes it anew where it is of another version or `isFresh` asks for it. */
  static open(path: string, isFresh = false): TrackerDatabase {
    mkdirSync(dirname(path), { recursive: true });
    if (isFresh) removeFiles(path);
    const opened = openFile(path);
    if (opened) return new TrackerDatabase(opened);
    removeFiles(path);
    const made = new Database(path);
    configure(made);
    made.exec(schema);
    made.pragma(`user_version = ${schemaVersion}`);
    return new TrackerDatabase(made);
  }

  close(): void {
    this.sqlite.close();
  }
}

function openFile(path: string): Database.Database | undefined {
  try {
    const sqlite = new Database(path);
    configure(sqlite);
    const version = sqlite.prepare('pragma user_version').get() as { user_version: number };
    if (version.user_version === schemaVersion) return sqlite;
    sqlite.close();
  } catch {
    // A damaged file is no loss: everything in it is in the streams.
  }
  return undefined;
}

/** Nothing here needs to survive power loss: what is missing is folded again. */
function configure(sqlite: Database.Database): void {
  sqlite.pragma('journal_mode = WAL');
  sqlite.pragma('synchronous = OFF');
  sqlite.pragma('cache_size = -4000');
}

const removeFiles = (path: string): void => {
  for (const suffix of ['', '-wal', '-shm']) rmSync(`${path}${suffix}`, { force: true });
};
