import { join } from 'node:path';
import type { Bus } from '@switchyard/bus';
import type { Config } from '@switchyard/config';
import { decode, encode, type GetTask, type ListTasks, subjects } from '@switchyard/contracts';
import type { Log, ReachFaultPoint } from '@switchyard/domain';
import { Orphans } from './orphans.js';
import { Projection } from './projection.js';
import { Questions } from './questions.js';

export type TaskTrackerDeps = {
  readonly bus: Bus;
  readonly config: Pick<Config, 'dataDir' | 'queue'>;
  readonly log: Log;
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

  constructor({ bus, config, log, instanceId, faultPoint, now = Date.now }: TaskTrackerDeps) {
    this.#bus = bus;
    this.#projection = new Projection(bus, log, join(config.dataDir, 'task-tracker', 'jobs.db'));
    this.#questions = new Questions(this.#projection, now);
    const retry = { attemptsMax: config.queue.retryAttempts, delaysMs: config.queue.retryDelaysMs };
    this.#orphans = new Orphans({ bus, log, now, faultPoint, retry, instanceId });
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
