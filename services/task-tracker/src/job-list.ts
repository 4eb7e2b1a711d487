import type { ListTasks } from '@switchyard/contracts';
import { AppError } from '@switchyard/domain';
import { type Kysely, type RawBuilder, type Selectable, sql } from 'kysely';
import type { JobTable, TrackerTables } from './database.js';

/** A job with its place in the table, which orders jobs of one instant. */
export type ListedJob = Selectable<JobTable> & { readonly rowid: number };

/** Columns that a list can be led by, since an index begins with each. */
type Lead = 'status' | 'backend_id' | 'kind';
type Filter = { readonly column: Lead; readonly value: string };

/** A list of one status at most, the columns it filters by, and what is left to ask. */
type Asked = Omit<ListTasks, 'status'> & { readonly filters: readonly Filter[] };

/** Counting further than this costs more than it tells. */
const probeMax = 20_000;

/**
 * One job more than the limit, newest first, where there are so many.
 *
 * Several states are several lists, merged: one query for all of them would sort every job that
 * matches. Each list goes along the index of the filter with the fewest jobs: what the others leave
 * out is passed over in the index.
 */
export async function listJobs(
  query: Kysely<TrackerTables>,
  { status, ...asked }: ListTasks,
): Promise<readonly ListedJob[]> {
  const { backendId, kind } = asked;
  const filters: Filter[] = [];
  if (backendId) filters.push({ column: 'backend_id', value: backendId });
  if (kind) filters.push({ column: 'kind', value: kind });
  const lists: (readonly ListedJob[])[] = [];
  for (const value of status?.length ? new Set(status) : [undefined]) {
    const all = value === undefined ? filters : [{ column: 'status' as const, value }, ...filters];
    lists.push(await listOne(query, { ...asked, filters: all }));
  }
  const rows = lists.flat();
  if (lists.length > 1) {
    rows.sort((a, b) => b.submitted_at_ms - a.submitted_at_ms || b.rowid - a.rowid);
  }
  return rows.slice(0, asked.limit + 1);
}

async function listOne(query: Kysely<TrackerTables>, asked: Asked): Promise<readonly ListedJob[]> {
  const { account, fromMs, toMs, cursor, limit, isOrphaned, filters } = asked;
  const lead = await fewest(query, account, filters);
  // Named, since SQLite would rather go through every job in order than sort a few.
  const index = isOrphaned ? 'lost_jobs' : indexOf[lead?.column ?? 'account'];
  const tests: RawBuilder<unknown>[] = [sql`account = ${account}`];
  for (const { column, value } of filters) tests.push(sql`${sql.ref(column)} = ${value}`);
  if (isOrphaned) tests.push(sql`lost_attempts > 0`);
  if (fromMs !== undefined) tests.push(sql`submitted_at_ms >= ${fromMs}`);
  if (toMs !== undefined) tests.push(sql`submitted_at_ms < ${toMs}`);
  if (cursor) {
    const [atMs, rowid] = readCursor(cursor);
    tests.push(sql`(submitted_at_ms, rowid) < (${atMs}, ${rowid})`);
  }
  const { rows } = await sql<ListedJob>`select *, rowid from jobs indexed by ${sql.ref(index)}
    where ${sql.join(tests, sql` and `)}
    order by submitted_at_ms desc, rowid desc limit ${limit + 1}`.execute(query);
  return rows;
}

const indexOf = {
  account: 'jobs_by_account',
  status: 'jobs_by_status',
  backend_id: 'jobs_by_backend',
  kind: 'jobs_by_kind',
} as const;

/** The filter that the fewest jobs of the account pass, as far as it pays to count. */
async function fewest(
  query: Kysely<TrackerTables>,
  account: string,
  filters: readonly Filter[],
): Promise<Filter | undefined> {
  if (filters.length < 2) return filters[0];
  let best: { readonly filter: Filter; readonly jobs: number } | undefined;
  for (const filter of filters) {
    const some = query
      .selectFrom('jobs')
      .select(sql<number>`1`.as('one'))
      .where('account', '=', account)
      .where(filter.column, '=', filter.value)
      .limit(probeMax);
    const { jobs } = await query
      .selectFrom(some.as('some'))
      .select(sql<number>`count(*)`.as('jobs'))
      .executeTakeFirstOrThrow();
    if (!best || jobs < best.jobs) best = { filter, jobs };
  }
  return best?.filter;
}

/** Where the page that ends with this job is gone on from. */
export const writeCursor = (row: ListedJob): string =>
  Buffer.from(JSON.stringify([row.submitted_at_ms, row.rowid])).toString('base64url');

function readCursor(cursor: string): readonly [number, number] {
  try {
    const [atMs, rowid] = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
    if (Number.isFinite(atMs) && Number.isSafeInteger(rowid)) return [atMs, rowid];
  } catch {
    // Told below, with every other cursor that is not ours.
  }
  const message = 'cursor: is not one that a page gave; leave it out for the first page';
  throw new AppError('invalid_request', message);
}
