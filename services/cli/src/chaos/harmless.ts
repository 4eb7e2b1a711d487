import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Outcomes } from '@switchyard/testing';
import { cancelTask, chat, submitTask, type Target, times } from './asking.js';
import type { Fault, Shown } from './fault.js';

/** A gateway whose jobs are counted; `settle` waits until each has its outcome. */
export type Counted = {
  readonly target: Target;
  readonly outcomes: Outcomes;
  readonly settle: (timeoutMs: number) => Promise<void>;
};

const settleMs = 60_000;
/** How soon a job ends once nobody wants it any more. */
const endsWithinMs = 5_000;

/** What breaks nothing but the caller's own requests, and may be done to any Switchyard. */
export const harmlessFaults: readonly Fault<Counted>[] = [
  {
    row: '15',
    fault: 'three clients go away in their stream',
    act: leave,
    backends: { kind: 'hangMidStream' },
  },
  { row: '16', fault: 'one idempotency key ten times at once', act: repeat },
  {
    row: '24',
    fault: 'five tasks cancelled while they run',
    act: cancel,
    backends: { kind: 'slow', delayMs: 20_000 },
  },
];

async function leave({ target, outcomes, settle }: Counted): Promise<Shown> {
  const leaving = new AbortController();
  const ask = () => chat(target, { stream: true }, { signal: leaving.signal });
  const asked = times(3, () => ask().catch(() => undefined));
  await delay(1_000);
  leaving.abort();
  for (const answer of await asked) if (answer?.jobId) outcomes.accept(answer.jobId);
  return endOf({ outcomes, settle });
}

async function cancel({ target, outcomes, settle }: Counted): Promise<Shown> {
  const ids = (await times(5, () => submitTask(target))).filter((id) => id !== undefined);
  for (const id of ids) outcomes.accept(id);
  await delay(1_000);
  await Promise.all(ids.map((id) => cancelTask(target, id)));
  return endOf({ outcomes, settle });
}

/** How long it takes until all have ended from now on. */
async function endOf({ outcomes, settle }: Pick<Counted, 'outcomes' | 'settle'>): Promise<Shown> {
  const startMonoMs = performance.now();
  await settle(settleMs);
  const figures = { 'all ended after ms': performance.now() - startMonoMs };
  const isReached = outcomes.accepted.length > 0 && figures['all ended after ms'] <= endsWithinMs;
  return { figures, isReached };
}

async function repeat({ target, outcomes, settle }: Counted): Promise<Shown> {
  const headers = { 'idempotency-key': `chaos-${randomUUID()}` };
  const answers = await times(10, () => chat(target, {}, { headers }));
  const other = await chat(target, { temperature: 0.5 }, { headers });
  const ids = new Set(answers.map(({ jobId }) => jobId));
  for (const id of ids) outcomes.accept(id);
  await settle(settleMs);
  const different = new Set(answers.map(({ status, text }) => `${status} ${contentOf(text)}`)).size;
  const statuses = [...new Set(answers.map(({ status }) => status))];
  // A key of which nothing was stored may be used for another body.
  const isAnswered = statuses.length === 1 && statuses[0] === 200;
  return {
    figures: { jobs: ids.size, 'different answers': different },
    seen: `answered ${statuses.join(', ')}; another body under the same key gets ${other.status}`,
    isReached: isAnswered && ids.size === 1 && different === 1 && other.status === 409,
  };
}

/** An answer without what may differ between two tellings of the same. */
function contentOf(text: string): string {
  try {
    return JSON.stringify((JSON.parse(text) as { choices?: unknown }).choices);
  } catch {
    return text;
  }
}
