import { createHash } from 'node:crypto';
import type { Bus, Objects } from '@switchyard/bus';
import { encode, rowStore } from '@switchyard/contracts';
import { type BackendRow, type DecisionRecord, pagesOf, withoutRows } from '@switchyard/routing';
import { LRUCache } from 'lru-cache';

/** Rows of more bytes than this leave the record. */
const inlineBytesMax = 64 * 1024;
/** No row is written shorter: fewer rows than fit so are not even measured. */
const rowBytesMin = 500;
/** A page known to be stored so lately outlives every decision that names it. */
const storedMaxAgeMs = rowStore.maxAgeMs / 2;
const storedMax = 10_000;

type Page = { readonly rows: readonly BackendRow[]; readonly text: string; readonly name: string };

/**
 * Takes the rows out of records that saw so many backends that no message should carry them: in
 * pages, each stored once under the hash of its text. A page of which no row has changed since the
 * last record is neither written out nor hashed again.
 */
export class RowPages {
  readonly #bus: Bus;
  /** Made with the first page: few fleets ever have one, and 10,000 places cost a megabyte. */
  #stored: LRUCache<string, Promise<void>> | undefined;
  #objects: Promise<Objects> | undefined;
  #pages: readonly Page[] = [];

  constructor(bus: Bus) {
    this.#bus = bus;
  }

  /**
   * The record as it can be told: itself, or once its pages are stored without its rows. Rejects
   * where they could not be stored.
   */
  shorten(record: DecisionRecord): DecisionRecord | Promise<DecisionRecord> {
    const { backends } = record.snapshot;
    if (backends.length * rowBytesMin <= inlineBytesMax) return record;
    const before = this.#pages;
    this.#pages = pagesOf(backends).map((rows, at) => pageOf(rows, before[at]));
    const bytes = this.#pages.reduce((sum, { text }) => sum + text.length, 0);
    return bytes <= inlineBytesMax ? record : this.#store(record, this.#pages);
  }

  async #store(record: DecisionRecord, pages: readonly Page[]): Promise<DecisionRecord> {
    await Promise.all(pages.map((page) => this.#put(page)));
    return withoutRows(
      record,
      pages.map(({ name }) => name),
    );
  }

  #put({ name, text }: Page): Promise<void> {
    this.#stored ??= new LRUCache({ max: storedMax, ttl: storedMaxAgeMs });
    const pages = this.#stored;
    const known = pages.get(name);
    if (known) return known;
    this.#objects ??= this.#bus.objects(rowStore.name);
    const stored = this.#objects.then((objects) => objects.put(name, Buffer.from(text)));
    pages.set(name, stored);
    stored.catch(() => {
      pages.delete(name);
      this.#objects = undefined;
    });
    return stored;
  }
}

function pageOf(rows: readonly BackendRow[], before: Page | undefined): Page {
  if (before?.rows.length === rows.length && rows.every((row, at) => row === before.rows[at])) {
    return before;
  }
  const text = encode({ rows });
  return { rows, text, name: createHash('sha256').update(text).digest('hex') };
}
