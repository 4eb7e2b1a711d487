import { setImmediate as turn } from 'node:timers/promises';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import type { Objects } from '@switchyard/bus';
import { type JobTable, schemaVersion, type TrackerDatabase } from './database.js';

/** How far one stream is folded; its creation time tells it from another of the same name. */
export type FoldedTo = {
  readonly stream: string;
  readonly created_at_ms: number;
  readonly seq: number;
};

/** What says where the rows lie; written last, so that nobody reads half a snapshot. */
type Contents = {
  readonly schemaVersion: number;
  readonly foldedTo: readonly FoldedTo[];
  readonly parts: readonly string[];
};

type Values = readonly (string | number | null)[];

const contentsName = 'task-tracker/snapshot';
/** Bounds what one part takes of memory, compressed or not. */
const partRows = 20_000;
/** Bounds how long one read or write stops the event loop. */
const stepRows = 500;

/** The columns of a job in the order in which a snapshot holds them. */
export const jobColumns: readonly (keyof JobTable)[] = [
  'job_id',
  'account',
  'status',
  'progress',
  'kind',
  'backend_id',
  'submitted_at_ms',
  'updated_at_ms',
  'queue_wait_ms',
  'cost_usd_micros',
  'lost_attempts',
  'detail',
];
const names = jobColumns.join(', ');

/**
 * The table of jobs in the object store, so that a replica on an empty disk starts from it, and so
 * that a job which waits for longer than its events are kept is still known.
 *
 * The rows are read while others are folded: those read late are newer than the sequences that the
 * snapshot names. Whoever starts from it reads the facts of those rows again, which changes nothing
 * since a row only moves on.
 */
export class Snapshots {
  readonly #objects: () => Promise<Pick<Objects, 'get' | 'put' | 'delete'>>;

  constructor(objects: () => Promise<Pick<Objects, 'get' | 'put' | 'delete'>>) {
    this.#objects = objects;
  }

  /**
   * Stores what the table holds, in place of the snapshot before; `name` must not have been used.
   * Stops early, without a snapshot, once `isStopping` says so.
   */
  async take(
    { sqlite }: TrackerDatabase,
    name: string,
    isStopping: () => boolean,
  ): Promise<{ readonly rows: number } | undefined> {
    const objects = await this.#objects();
    const foldedTo = sqlite.prepare('select * from streams').all() as FoldedTo[];
    const before = await this.#contents();
    const read = sqlite
      .prepare(`select rowid, ${names} from jobs where rowid > ? order by rowid limit ${stepRows}`)
      .raw();
    const parts: string[] = [];
    let rows = 0;
    for (let from: number | undefined = 0; from !== undefined; ) {
      const lines: string[] = [];
      while (from !== undefined && lines.length < partRows) {
        const found = read.all([from]) as (readonly [number, ...Values])[];
        for (const [, ...values] of found) lines.push(JSON.stringify(values));
        from = found.length < stepRows ? undefined : found.at(-1)?.[0];
        await turn();
        if (isStopping()) return undefined;
      }
      const part = `task-tracker/${name}/${parts.length}`;
      await objects.put(part, await promisify(gzip)(lines.join('\n')));
      parts.push(part);
      rows += lines.length;
    }
    const contents: Contents = { schemaVersion, foldedTo, parts };
    await objects.put(contentsName, Buffer.from(JSON.stringify(contents)));
    for (const part of before?.parts ?? []) await objects.delete(part);
    return { rows };
  }

  /**
   * Fills an empty table from the snapshot where there is one that `isFit`; says whether it did. A
   * snapshot that cannot be read leaves the table empty and is thrown.
   */
  async restore(
    database: TrackerDatabase,
    isFit: (foldedTo: readonly FoldedTo[]) => boolean,
  ): Promise<boolean> {
    const contents = await this.#contents();
    if (contents?.schemaVersion !== schemaVersion || !isFit(contents.foldedTo)) return false;
    try {
      for (const part of contents.parts) await this.#restorePart(database, part);
    } catch (caught) {
      database.clear();
      throw caught;
    }
    const fold = database.sqlite.prepare('insert into streams values (?, ?, ?)');
    for (const { stream, created_at_ms: createdAtMs, seq } of contents.foldedTo) {
      fold.run([stream, createdAtMs, seq]);
    }
    return true;
  }

  async #restorePart({ sqlite }: TrackerDatabase, part: string): Promise<void> {
    const data = await (await this.#objects()).get(part);
    if (!data) throw new Error(`${part} is gone`);
    const text = (await promisify(gunzip)(data)).toString('utf8');
    const lines = text === '' ? [] : text.split('\n');
    const holes = jobColumns.map(() => '?').join(', ');
    const insert = sqlite.prepare(`insert or ignore into jobs (${names}) values (${holes})`);
    for (let from = 0; from < lines.length; from += stepRows) {
      const rows = lines.slice(from, from + stepRows).map((line) => JSON.parse(line) as Values);
      sqlite.exec('begin immediate');
      try {
        for (const row of rows) insert.run([...row]);
      } finally {
        sqlite.exec('commit');
      }
      await turn();
    }
  }

  async #contents(): Promise<Contents | undefined> {
    const data = await (await this.#objects()).get(contentsName);
    return data && (JSON.parse(Buffer.from(data).toString('utf8')) as Contents);
  }
}
