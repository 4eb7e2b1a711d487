import { join } from 'node:path';
import type { Bus } from '@switchyard/bus';
import type { Config } from '@switchyard/config';
import { decode, encode, type GetTask, type ListTasks, subjects } from '@switchyard/contracts';
import type { Log, ReachFaultPoint } from '@switchyard/domain';
import type { Metrics } from '@switchyard/telemetry';
import { Orphans } from './orphans.js';
import { Projection } from './projection.js';
import { Questions } from './questions.js';

export type TaskTrackerDeps = {
  readonly bus: Bus;
  readonly config: Pick<Config, 'dataDir' | 'queue'>;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly instanceId: string;
  readonly faultPoint: ReachFaultPoint;
  readonly now?: () => number;
};

/** Knows every job: folds their facts into a table, answers questions about them, and repairs orphans. */
export class TaskTracker {
  readonly #bus: Bus;
  readonly #projection: Projection;
  readonly #questions: Questions;
  readonly #orphans: Orphans;
  readonly #stops: (() => void)[] = [];

  constructor(deps: TaskTrackerDeps) {
    const { bus, config, log, metrics, instanceId, faultPoint, now = Date.now } = deps;
    this.#bus = bus;
    this.#projection = new Projection(bus, log, join(config.dataDir, 'task-tracker', 'jobs.db'));
    this.#questions = new Questions(this.#projection, now);
    const retry = { attemptsMax: config.queue.retryAttempts, delaysMs: config.queue.retryDelaysMs };
    this.#orphans = new Orphans({
      bus,
      log,
      now,
      faultPoint,
      retry,
      instanceId,
      onRetried: (backendId) => metrics.count('lb_failovers_total', [backendId]),
      onEnded: (kind, status) => metrics.count('switchyard_jobs_total', [kind, status]),
    });
  }

  async start(): Promise<void> {
    await this.#projection.start();
    const serve = <Asked extends object>(verb: string, answer: (asked: Asked) => Promise<object>) =>
      this.#stops.push(
        this.#bus.answer(subjects.rpc('task-tracker', verb), 'task-tracker', async (data) =>
          encode(await answer(decode<Asked>(data))),
        ),
      );
    serve<GetTask>('get', (asked) => this.#questions.get(asked));
    serve<ListTasks>('list', (asked) => this.#questions.list(asked));
    serve<{ account: string }>('stats', (asked) => this.#questions.stats(asked));
    this.#orphans.start();
  }

  async stop(): Promise<void> {
    for (const stop of this.#stops) stop();
    await this.#orphans.stop();
    await this.#projection.stop();
  }
}
