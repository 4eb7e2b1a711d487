import { decode, lastToken, type WireCell, type WireJob } from '@switchyard/contracts';
import { type Count, Outcomes, type Run } from '@switchyard/testing';
import { chatJob, openClient } from '../e2e/yard.js';
import { verifySettled } from './ledger-oracle.js';

const lookEveryMs = 25;

/** Submits jobs and holds what became of each against what was accepted. */
export class Oracle {
  readonly client: Awaited<ReturnType<typeof openClient>>;
  readonly #outcomes = new Outcomes();
  #unfollow: () => Promise<void> = async () => {};
  /** The longest time between two submissions that were accepted, in milliseconds. */
  gapMaxMs = 0;
  refused = 0;
  #acceptedAtMonoMs = 0;

  private constructor(client: Awaited<ReturnType<typeof openClient>>) {
    this.client = client;
  }

  /** Follows every state cell from now on; the services must have made the streams. */
  static async open(natsUrl: string): Promise<Oracle> {
    const oracle = new Oracle(await openClient(natsUrl));
    oracle.#unfollow = await oracle.client.bus.follow({
      stream: 'STATE',
      fromSeq: 1,
      everyMs: lookEveryMs,
      tell: (subject, data) => oracle.#outcomes.see(lastToken(subject), decode<WireCell>(data)),
      onProblem: () => {},
    });
    return oracle;
  }

  /** Attempts in the order in which they were seen. */
  get runs(): readonly Run[] {
    return this.#outcomes.runs;
  }

  get accepted(): readonly string[] {
    return this.#outcomes.accepted;
  }

  /** Submits on the NATS door; only what the server acknowledged counts as accepted. */
  async submit(count: number, prefix = 'job', changes: WireJob = {}): Promise<void> {
    const ids = Array.from({ length: count }, (_, at) => `${prefix}-${at}`);
    await Promise.all(ids.map((id) => this.#submitOne(id, changes)));
  }

  /** Submits so many a second for so long. */
  async load(
    perSecond: number,
    forMs: number,
    prefix = 'load',
    changes: WireJob = {},
  ): Promise<void> {
    await atRate(perSecond, forMs, (at) => this.#submitOne(`${prefix}-${at}`, changes));
  }

  /** Submits on the HTTP door; only what was answered with an id counts as accepted. */
  async submitTasks(count: number, apiUrl: string): Promise<void> {
    await Promise.all(
      Array.from({ length: count }, () => this.submitTask(apiUrl).catch(() => undefined)),
    );
  }

  /** Submits one on the HTTP door and gives the answer. */
  async submitTask(apiUrl: string): Promise<Response> {
    const body = JSON.stringify({
      payload: 'Which track?',
      parameters: { model: 'fake-model' },
    });
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(`${apiUrl}/api/v1/tasks`, { method: 'POST', headers, body });
    const { task_id: id } = (await answer.json()) as { readonly task_id?: string };
    if (answer.status === 202 && id) this.accept(id);
    return answer;
  }

  /** Counts a job that was accepted on a way of the test's own. */
  accept(id: string): void {
    this.#outcomes.accept(id);
  }

  statusOf(jobId: string): string | undefined {
    return this.#outcomes.statusOf(jobId);
  }

  /** When the outcome of a job was written; 0 while it has none. */
  endedAtMs(jobId: string): number {
    return this.#outcomes.endedAtMs(jobId);
  }

  /** How many jobs have ended. */
  get ended(): number {
    return this.#outcomes.ended;
  }

  /** Waits until every accepted job has an outcome in its cell, or the time is over, and counts. */
  async count(timeoutMs: number): Promise<Count> {
    const endMonoMs = performance.now() + timeoutMs;
    while (this.#outcomes.open.length > 0 && performance.now() < endMonoMs) await pause(50);
    // What our own way to the server has missed is no loss of a job.
    for (const id of this.#outcomes.open) {
      const read = await this.client.bus.cells.read(id).catch(() => undefined);
      if (read) this.#outcomes.see(id, read.cell);
    }
    for (const [jobId, cells] of this.client.told) {
      for (const cell of cells) this.#outcomes.tell(jobId, cell);
    }
    const counted = this.#outcomes.count();
    const differences = await this.#differences();
    return differences === undefined ? counted : { ...counted, chargedTwice: differences };
  }

  /** Where there is a ledger, what it has that the receipts do not say, and the other way round. */
  async #differences(): Promise<number | undefined> {
    const { bus } = this.client;
    const { messages } = await bus.streamState('LEDGER');
    return messages === 0 ? undefined : (await verifySettled(bus)).differences.length;
  }

  async close(): Promise<void> {
    await this.#unfollow();
    await this.client.close();
  }

  async #submitOne(id: string, changes: WireJob): Promise<void> {
    const stored = await this.client.submit(chatJob(id, changes)).catch(() => undefined);
    if (stored?.kind !== 'stored') {
      this.refused += 1;
      return;
    }
    const nowMonoMs = performance.now();
    if (this.#acceptedAtMonoMs > 0) {
      this.gapMaxMs = Math.max(this.gapMaxMs, nowMonoMs - this.#acceptedAtMonoMs);
    }
    this.#acceptedAtMonoMs = nowMonoMs;
    this.accept(id);
  }
}

/** Does something so many times a second for so long, and tells how often. */
export async function atRate(
  perSecond: number,
  forMs: number,
  act: (at: number) => Promise<void>,
): Promise<number> {
  const startMonoMs = performance.now();
  const pending: Promise<void>[] = [];
  while (performance.now() - startMonoMs < forMs) {
    const due = ((performance.now() - startMonoMs) / 1_000) * perSecond;
    while (pending.length < due) pending.push(act(pending.length));
    await pause(10);
  }
  await Promise.all(pending);
  return pending.length;
}

/** Waits. Only for what a test does from outside, never for what it asserts. */
export const pause = (ms: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, ms));

/** Lines of a configuration in which a retry waits no longer than a test has to. */
export const quickRetry = 'queue:\n  retry_delays: [100ms]';

/** A configuration with one OpenAI-compatible backend. */
export const configFor = (url: string, slots: number): string =>
  configOf([{ id: 'one', url, slots }], quickRetry);

/** So that everything is in the ledger, too. */
const costLine = 'cost: { per_job_usd: 0.0001 }';

/** A backend of a configuration; `more` are lines of its own. */
export type ConfiguredBackend = {
  readonly id: string;
  readonly url: string;
  readonly slots: number;
  readonly more?: readonly string[];
};

/** A configuration with OpenAI-compatible backends, and text that follows them. */
export const configOf = (backends: readonly ConfiguredBackend[], rest = ''): string =>
  [
    'backend_instances:',
    ...backends.flatMap(({ id, url, slots, more = [] }) => [
      `  ${id}:`,
      '    backend_type: openai-compatible',
      `    endpoint_url: ${url}/v1`,
      `    max_concurrent_requests: ${slots}`,
      ...(more.some((line) => line.startsWith('cost:')) ? more : [...more, costLine]).map(
        (line) => `    ${line}`,
      ),
    ]),
    rest,
    '',
  ].join('\n');
