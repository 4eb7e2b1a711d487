import { setTimeout as delay } from 'node:timers/promises';
import type { WireCell } from '@switchyard/contracts';
import type { GatewayPlace } from '../gateway-api.js';
import type { Task } from '../task.js';

/** A gateway, and the model that is asked for there. */
export type Target = GatewayPlace & { readonly model: string };

/** An answer; `text` is what came before the connection ended. */
type Answered = {
  readonly status: number;
  readonly text: string;
  readonly jobId: string;
};

type More = {
  readonly signal?: AbortSignal;
  readonly headers?: Readonly<Record<string, string>>;
};

/** Submits a task; its id where the door answered for it, and undefined where it did not. */
export async function submitTask(target: Target): Promise<string | undefined> {
  const body = { payload: 'Which track?', parameters: { model: target.model } };
  const answer = await post(target, '/api/v1/tasks', body).catch(() => undefined);
  if (!answer) return undefined;
  const said = (await answer.json().catch(() => ({}))) as { readonly task_id?: string };
  return answer.status === 202 ? said.task_id : undefined;
}

/** Asks on the OpenAI door. */
export async function chat(
  target: Target,
  more: object = {},
  { signal, headers }: More = {},
): Promise<Answered> {
  const messages = [{ role: 'user', content: 'Which track?' }];
  const body = { model: target.model, messages, ...more };
  const answer = await post(target, '/v1/chat/completions', body, { signal, headers });
  const jobId = answer.headers.get('x-switchyard-job') ?? '';
  const text = await answer.text().catch(() => '');
  return { status: answer.status, text, jobId };
}

/** Cancels a task; one that has ended is left as it is. */
export async function cancelTask(target: Target, id: string): Promise<void> {
  const answer = await ask(target, `/api/v1/tasks/${encodeURIComponent(id)}`, { method: 'DELETE' });
  await answer.body?.cancel();
}

/** How a task stands, as the cell of its job has it; undefined where it cannot be read now. */
export async function cellOf(target: Target, id: string): Promise<WireCell | undefined> {
  const answer = await ask(target, `/api/v1/tasks/${encodeURIComponent(id)}`).catch(
    () => undefined,
  );
  if (!answer?.ok) return undefined;
  const { status, error } = (await answer.json()) as Pick<Task, 'status' | 'error'>;
  const isExpired = error?.code === 'deadline_exceeded' || error?.code === 'expired';
  if (status === 'completed') return { status: 'succeeded' };
  if (status === 'failed') return { status: isExpired ? 'expired' : 'failed' };
  return { status: status === 'cancelled' ? 'canceled' : 'running' };
}

/** Does something so many times a second for so long. */
export async function atRate(
  perSecond: number,
  forMs: number,
  act: () => Promise<unknown>,
): Promise<void> {
  const startMonoMs = performance.now();
  const pending: Promise<unknown>[] = [];
  while (performance.now() - startMonoMs < forMs) {
    const due = ((performance.now() - startMonoMs) / 1_000) * perSecond;
    while (pending.length < due) pending.push(act());
    await delay(10);
  }
  await Promise.all(pending);
}

/** Does something so many times at once. */
export const times = <Value>(count: number, act: () => Promise<Value>): Promise<Value[]> =>
  Promise.all(Array.from({ length: count }, act));

const post = (
  target: Target,
  path: string,
  body: object,
  { signal, headers = {} }: More = {},
): Promise<Response> =>
  ask(target, path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
    signal,
  });

/** A request with its headers by name. */
type Request = Omit<RequestInit, 'headers'> & Pick<More, 'headers'>;

function ask({ url, apiKey }: Target, path: string, request: Request = {}): Promise<Response> {
  const key: Record<string, string> = apiKey ? { authorization: `Bearer ${apiKey}` } : {};
  return fetch(`${url}${path}`, { ...request, headers: { ...request.headers, ...key } });
}
