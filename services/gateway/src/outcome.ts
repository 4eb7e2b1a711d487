import type { Bus, Objects } from '@switchyard/bus';
import { type JsonObject, subjects, type WireCell, type WireOutcome } from '@switchyard/contracts';
import { AppError, isFailureCode, jsonTextOf } from '@switchyard/domain';
import { withBudget } from './money/budget-stand.js';

/** The failure of an outcome that did not succeed, as what a door answers. */
export function failureOf(outcome: WireOutcome | undefined): AppError {
  const { failure, status } = outcome ?? {};
  const message = failure?.message || sentences[status ?? ''] || 'the job failed';
  const retryAfterMs = failure?.retryAfterMs || undefined;
  if (status === 'canceled') return new AppError('cancelled', message);
  const code = failure?.code;
  if (isFailureCode(code)) {
    const error = new AppError(code, message, { retryAfterMs });
    return failure?.budget ? withBudget(error, failure.budget) : error;
  }
  return new AppError(status === 'expired' ? 'deadline_exceeded' : 'internal', message, {
    retryAfterMs,
  });
}

const sentences: Readonly<Record<string, string>> = {
  canceled: 'the job was cancelled',
  expired: 'the deadline or the longest wait passed',
};

/** Results where they lie: in the cell, in RESULTS, or in the object store. */
export class Results {
  readonly #bus: Bus;
  readonly #objects: Objects;

  constructor(bus: Bus, objects: Objects) {
    this.#bus = bus;
    this.#objects = objects;
  }

  /**
   * The result of a succeeded job as one JSON text. Throws AppError `internal` where it is gone, or
   * `unavailable`.
   */
  text(cell: WireCell): string | Promise<string> {
    const result = cell.outcome?.result;
    if (result?.body) return jsonTextOf(result.body);
    if (result?.bodyRef) return this.#fetch(result.bodyRef);
    return 'null';
  }

  /** The same, parsed. */
  async body(cell: WireCell): Promise<JsonObject | undefined> {
    const result = cell.outcome?.result;
    if (result?.body) return result.body;
    if (!result?.bodyRef) return undefined;
    return JSON.parse(await this.#fetch(result.bodyRef)) as JsonObject;
  }

  async #fetch(bodyRef: string): Promise<string> {
    const data = await this.#read(bodyRef);
    if (!data) throw new AppError('internal', 'the result is gone');
    return new TextDecoder().decode(data);
  }

  async #read(bodyRef: string): Promise<Uint8Array | undefined> {
    if (bodyRef.startsWith('object:')) return this.#objects.get(bodyRef.slice('object:'.length));
    const match = /^blob:([A-Za-z0-9_-]{1,64})\.(\d{1,6})$/.exec(bodyRef);
    if (!match) return undefined;
    const subject = subjects.blob(match[1] as string, Number(match[2]));
    return (await this.#bus.readLast('RESULTS', subject))?.data;
  }
}
