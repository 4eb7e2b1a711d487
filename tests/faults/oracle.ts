import type { WireCell } from '@switchyard/contracts';
import { chatJob, openClient } from '../e2e/yard.js';

/** What a fault test counts. */
export type Count = {
  readonly accepted: number;
  /** Accepted jobs without an outcome. */
  readonly lost: number;
  /** Jobs for which two different outcomes were told. */
  readonly twice: number;
  readonly byStatus: Readonly<Record<string, number>>;
};

/** Submits jobs and holds what became of each against what was accepted. */
export class Oracle {
  readonly client: Awaited<ReturnType<typeof openClient>>;
  readonly #accepted: string[] = [];

  private constructor(client: Awaited<ReturnType<typeof openClient>>) {
    this.client = client;
  }

  static async open(natsUrl: string): Promise<Oracle> {
    return new Oracle(await openClient(natsUrl));
  }

  get accepted(): readonly string[] {
    return this.#accepted;
  }

  /** Submits on the NATS door; only what the server acknowledged counts as accepted. */
  async submit(count: number, prefix = 'job'): Promise<void> {
    const ids = Array.from({ length: count }, (_, at) => `${prefix}-${at}`);
    await Promise.all(
      ids.map(async (id) => {
        const stored = await this.client.submit(chatJob(id)).catch(() => undefined);
        if (stored?.kind === 'stored') this.#accepted.push(id);
      }),
    );
  }

  /** Submits on the HTTP door; only what was answered with an id counts as accepted. */
  async submitTasks(count: number, apiUrl: string): Promise<void> {
    const body = JSON.stringify({
      payload: 'Which track?',
      parameters: { model: 'fake-model' },
    });
    const headers = { 'content-type': 'application/json' };
    const submitOne = async () => {
      const answer = await fetch(`${apiUrl}/api/v1/tasks`, { method: 'POST', headers, body });
      const { task_id: id } = (await answer.json()) as { readonly task_id?: string };
      if (answer.status === 202 && id) this.#accepted.push(id);
    };
    await Promise.all(Array.from({ length: count }, () => submitOne().catch(() => {})));
  }

  /** Waits until every accepted job has an outcome in its cell, or the time is over, and counts. */
  async count(timeoutMs: number): Promise<Count> {
    const endMonoMs = performance.now() + timeoutMs;
    let open = [...this.#accepted];
    const byStatus: Record<string, number> = {};
    while (open.length > 0 && performance.now() < endMonoMs) {
      const still: string[] = [];
      for (const id of open) {
        const cell = await this.#read(id);
        if (cell?.outcome?.status)
          byStatus[cell.outcome.status] = (byStatus[cell.outcome.status] ?? 0) + 1;
        else still.push(id);
      }
      open = still;
      if (open.length > 0) await new Promise((resolve) => setTimeout(resolve, 100));
    }
    return {
      accepted: this.#accepted.length,
      lost: open.length,
      twice: this.#toldTwice(),
      byStatus,
    };
  }

  close(): Promise<void> {
    return this.client.close();
  }

  async #read(id: string): Promise<WireCell | undefined> {
    return (await this.client.bus.cells.read(id).catch(() => undefined))?.cell;
  }

  /** The same outcome may be told again after a crash; another one may not. */
  #toldTwice(): number {
    let twice = 0;
    for (const cells of this.client.told.values()) {
      const outcomes = new Set(cells.map((cell) => JSON.stringify(cell.outcome)));
      if (outcomes.size > 1) twice += 1;
    }
    return twice;
  }
}

/** A configuration with one OpenAI-compatible backend. */
export const configFor = (url: string, slots: number): string => `
backend_instances:
  one:
    backend_type: openai-compatible
    endpoint_url: ${url}/v1
    max_concurrent_requests: ${slots}
queue:
  retry_delays: [100ms]
`;
