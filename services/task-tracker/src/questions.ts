import type { GetTask, ListTasks, TaskPage, TaskRow, TaskStats } from '@switchyard/contracts';
import { AppError } from '@switchyard/domain';
import { type Selectable, sql } from 'kysely';
import { endedProgress, type JobTable } from './database.js';
import type { JobDetail } from './facts.js';
import { listJobs, writeCursor } from './job-list.js';
import type { Projection } from './projection.js';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;
const pageMax = 500;
/** A job that is open for longer is of medium age, or old. */
const ages = { mediumMs: 10 * minuteMs, oldMs: hourMs } as const;

/** Answers what others ask of the projection. */
export class Questions {
  readonly #projection: Projection;
  readonly #now: () => number;

  constructor(projection: Projection, now: () => number) {
    this.#projection = projection;
    this.#now = now;
  }

  /** One job of an account. Throws AppError `not_found`, for another account's too. */
  async get({ account, jobId }: GetTask): Promise<TaskRow> {
    const row = await this.#jobs()
      .where('job_id', '=', textOf(jobId, 'jobId'))
      .where('account', '=', textOf(account, 'account'))
      .executeTakeFirst();
    if (!row) throw new AppError('not_found', 'there is no such task');
    return toTask(row);
  }

  /**
   * Jobs of an account from newest to oldest, a page at a time. Throws AppError `invalid_request`
   * for a cursor that no page gave.
   */
  async list(asked: ListTasks): Promise<TaskPage> {
    const account = textOf(asked.account, 'account');
    const limit = Math.min(pageMax, Math.max(1, Math.floor(asked.limit) || 1));
    this.#projection.flush();
    const rows = await listJobs(this.#projection.database.query, { ...asked, account, limit });
    const last = rows.length > limit ? rows[limit - 1] : undefined;
    const tasks = rows.slice(0, limit).map(toTask);
    return last ? { tasks, nextCursor: writeCursor(last) } : { tasks };
  }

  /**
   * Counts of all jobs by status and of the open ones by age, and what was spent: of one account,
   * or of all.
   */
  async stats({ account }: { readonly account?: string }): Promise<TaskStats> {
    const nowMs = this.#now();
    const minuteOf = (atMs: number) => Math.floor(atMs / minuteMs);
    const counted = await this.#query()
      .selectFrom('counts')
      .select(['status', sql<number>`sum(jobs)`.as('jobs')])
      .$if(account !== undefined, (query) => query.where('account', '=', account ?? ''))
      .where('jobs', '>', 0)
      .groupBy('status')
      .execute();
    const open = await this.#openBefore(nowMs + dayMs, account);
    const overMedium = await this.#openBefore(nowMs - ages.mediumMs, account);
    const old = await this.#openBefore(nowMs - ages.oldMs, account);
    return {
      byStatus: Object.fromEntries(counted.map(({ status, jobs }) => [status, jobs])),
      byAge: { recent: open - overMedium, medium: overMedium - old, old },
      costTodayUsdMicros: await this.#spentSince(minuteOf(nowMs - (nowMs % dayMs)), account),
      costHourUsdMicros: await this.#spentSince(minuteOf(nowMs - hourMs) + 1, account),
    };
  }

  async #openBefore(submittedBeforeMs: number, account: string | undefined): Promise<number> {
    const { jobs } = await this.#query()
      .selectFrom('jobs')
      .select(sql<number>`count(*)`.as('jobs'))
      .where(sql<boolean>`progress < ${sql.lit(endedProgress)}`)
      .where('status', 'in', ['waiting', 'dispatched', 'running', 'retrying'])
      .where('submitted_at_ms', '<=', submittedBeforeMs)
      .$if(account !== undefined, (query) => query.where('account', '=', account ?? ''))
      .executeTakeFirstOrThrow();
    return jobs;
  }

  async #spentSince(minute: number, account: string | undefined): Promise<number> {
    const { cost } = await this.#query()
      .selectFrom('spend')
      .select(sql<number>`coalesce(sum(cost_usd_micros), 0)`.as('cost'))
      .where('minute', '>=', minute)
      .$if(account !== undefined, (query) => query.where('account', '=', account ?? ''))
      .executeTakeFirstOrThrow();
    return cost;
  }

  #jobs() {
    return this.#query().selectFrom('jobs').selectAll();
  }

  /** What was read so far is in the table before it is asked. */
  #query() {
    this.#projection.flush();
    return this.#projection.database.query;
  }
}

function toTask(row: Selectable<JobTable>): TaskRow {
  const detail = JSON.parse(row.detail) as Partial<JobDetail>;
  return {
    jobId: row.job_id,
    account: row.account,
    status: row.status as TaskRow['status'],
    kind: row.kind,
    submittedAtMs: row.submitted_at_ms,
    updatedAtMs: row.updated_at_ms,
    model: '',
    priority: 5,
    attemptNo: 0,
    attempts: [],
    ...detail,
    ...(row.backend_id ? { backendId: row.backend_id } : {}),
    ...(row.queue_wait_ms === null ? {} : { queueWaitMs: row.queue_wait_ms }),
    ...(row.cost_usd_micros === null ? {} : { costUsdMicros: row.cost_usd_micros }),
  };
}

function textOf(value: unknown, field: string): string {
  if (typeof value === 'string' && value !== '') return value;
  throw new AppError('invalid_request', `${field}: must be given`);
}
