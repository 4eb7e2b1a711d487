import { mkdirSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Kysely, SqliteDialect } from 'kysely';
import Database from 'libsql';

/**
 * One job of the projection. Narrow on purpose: a bound column costs about 0.7 µs (libsql 0.5.29),
 * so what nobody filters or sorts by is one JSON text. Times are Unix ms.
 */
export type JobTable = {
  job_id: string;
  account: string;
  status: string;
  /** How far the job has come; a row is never overwritten by a fact from before it. */
  progress: number;
  kind: string;
  backend_id: string | null;
  submitted_at_ms: number;
  updated_at_ms: number;
  queue_wait_ms: number | null;
  cost_usd_micros: number | null;
  /** Attempts that ended because no executor of their backend was alive. */
  lost_attempts: number;
  /** A `JobDetail`. */
  detail: string;
};

/**
 * Jobs by account and status, kept by triggers: counting a million rows would stop the process for
 * a while.
 */
type CountTable = { account: string; status: string; jobs: number };
/** What ended jobs cost, by account and minute (Unix minutes). */
type SpendTable = { account: string; minute: number; cost_usd_micros: number };
/** How far each stream is folded; another creation time means that it is another stream. */
type ProgressTable = { stream: string; created_at_ms: number; seq: number };

/** Every table of the projection. */
export type TrackerTables = {
  jobs: JobTable;
  counts: CountTable;
  spend: SpendTable;
  streams: ProgressTable;
};

/** The progress of a job that has ended. */
export const endedProgress = 2 ** 31;

/** Changes with the tables below; a file or snapshot of another version is of no use. */
export const schemaVersion = 3;

/**
 * Lists filter by one indexed column and read the others from the index too, so that many entries
 * can be passed over without reading a row.
 */
const schema = `
create table jobs (
  job_id text not null, account text not null, status text not null, progress integer not null, kind text not null,
  backend_id text, submitted_at_ms integer not null, updated_at_ms integer not null, queue_wait_ms integer,
  cost_usd_micros integer, lost_attempts integer not null, detail text not null
);
create unique index jobs_by_id on jobs (job_id);
create index jobs_by_account on jobs (account, submitted_at_ms);
create index jobs_by_status on jobs (account, status, submitted_at_ms, backend_id, kind);
create index jobs_by_backend on jobs (account, backend_id, submitted_at_ms, status, kind);
create index jobs_by_kind on jobs (account, kind, submitted_at_ms, status, backend_id);
create index lost_jobs on jobs (account, submitted_at_ms) where lost_attempts > 0;
create index open_jobs on jobs (status, submitted_at_ms) where progress < ${endedProgress};
create table counts (
  account text not null, status text not null, jobs integer not null, primary key (account, status)
) without rowid;
create table spend (
  account text not null, minute integer not null, cost_usd_micros integer not null, primary key (account, minute)
) without rowid;
create table streams (stream text primary key, created_at_ms integer not null, seq integer not null) without rowid;

create trigger count_inserted after insert on jobs begin
  insert into counts values (new.account, new.status, 1) on conflict do update set jobs = jobs + 1;
end;
create trigger count_updated after update of status on jobs when old.status <> new.status begin
  update counts set jobs = jobs - 1 where account = old.account and status = old.status;
  insert into counts values (new.account, new.status, 1) on conflict do update set jobs = jobs + 1;
end;
create trigger count_deleted after delete on jobs begin
  update counts set jobs = jobs - 1 where account = old.account and status = old.status;
end;
create trigger spend_inserted after insert on jobs when new.cost_usd_micros > 0 begin
  insert into spend values (new.account, new.updated_at_ms / 60000, new.cost_usd_micros)
    on conflict do update set cost_usd_micros = cost_usd_micros + excluded.cost_usd_micros;
end;
create trigger spend_updated after update of cost_usd_micros on jobs
  when new.cost_usd_micros > 0 and old.cost_usd_micros is null begin
  insert into spend values (new.account, new.updated_at_ms / 60000, new.cost_usd_micros)
    on conflict do update set cost_usd_micros = cost_usd_micros + excluded.cost_usd_micros;
end;
`;

/** The projection's file: a read model that can be thrown away at any time. */
export class TrackerDatabase {
  readonly sqlite: Database.Database;
  readonly query: Kysely<TrackerTables>;
  readonly #path: string;
  readonly #isOwn: boolean;

  private constructor(sqlite: Database.Database, path: string, isOwn: boolean) {
    this.sqlite = sqlite;
    this.#path = path;
    this.#isOwn = isOwn;
    this.query = new Kysely<TrackerTables>({ dialect: new SqliteDialect({ database: sqlite }) });
  }

  /**
   * Opens `<folder>/jobs.db`, or makes it anew where it is damaged or of another version. While
   * another process has it open, this one folds into a file of its own, named after the instance
   * and removed when closed.
   */
  static open(folder: string, instanceId: string): TrackerDatabase {
    mkdirSync(folder, { recursive: true });
    const path = join(folder, 'jobs.db');
    const opened = openOrMake(path);
    if (opened) return new TrackerDatabase(opened, path, false);
    const ownPath = join(folder, `${instanceId}.db`);
    removeFiles(ownPath);
    const own = openOrMake(ownPath);
    if (!own) throw new Error(`${ownPath} is in use`);
    return new TrackerDatabase(own, ownPath, true);
  }

  /** The folder it lies in. */
  get folder(): string {
    return dirname(this.#path);
  }

  /** Forgets everything. */
  clear(): void {
    this.sqlite.exec(
      'delete from jobs; delete from counts; delete from spend; delete from streams',
    );
  }

  /**
   * Closes it; a second file of its own is removed. libsql keeps the connection until its objects
   * are collected (0.5.29), and the lock with it: so the log is folded in and the lock given up by
   * hand.
   */
  close(): void {
    this.sqlite.pragma('journal_mode = DELETE');
    this.sqlite.pragma('locking_mode = NORMAL');
    this.sqlite.prepare('select count(*) from streams').get();
    this.sqlite.close();
    if (this.#isOwn) removeFiles(this.#path);
  }
}

/** Undefined where another process holds the file. */
function openOrMake(path: string): Database.Database | undefined {
  for (const isSecondTry of [false, true]) {
    let sqlite: Database.Database | undefined;
    try {
      const wasCutOff = hasLog(path);
      sqlite = new Database(path);
      configure(sqlite);
      if (wasCutOff) check(sqlite);
      if (versionOf(sqlite) === 0) make(sqlite);
      if (versionOf(sqlite) === schemaVersion) return sqlite;
      sqlite.close();
    } catch (caught) {
      sqlite?.close();
      if (/busy|locked/i.test(`${(caught as { code?: string }).code} ${String(caught)}`))
        return undefined;
      if (isSecondTry) throw caught;
    }
    // Of another version, or damaged: no loss, since everything in it is in the streams.
    removeFiles(path);
  }
  return undefined;
}

/** One process at a time. Nothing here needs to survive power loss: a lost tail is folded again. */
function configure(sqlite: Database.Database): void {
  sqlite.pragma('locking_mode = EXCLUSIVE');
  sqlite.pragma('journal_mode = WAL');
  sqlite.pragma('synchronous = OFF');
  sqlite.pragma('cache_size = -4000');
}

function make(sqlite: Database.Database): void {
  sqlite.exec(`begin immediate;${schema}pragma user_version = ${schemaVersion};commit`);
}

/** A log beside the file: whoever had it open last did not close it. */
const hasLog = (path: string): boolean =>
  (statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0) > 0;

/** Throws where the file is damaged: without syncs, a power cut may do that. */
function check(sqlite: Database.Database): void {
  const found = sqlite.prepare('pragma quick_check(1)').get() as { quick_check: string };
  if (found.quick_check !== 'ok') throw new Error(found.quick_check);
}

const versionOf = (sqlite: Database.Database): number =>
  (sqlite.prepare('pragma user_version').get() as { user_version: number }).user_version;

const removeFiles = (path: string): void => {
  for (const suffix of ['', '-wal', '-shm']) rmSync(`${path}${suffix}`, { force: true });
};
