import { setTimeout as delay } from 'node:timers/promises';
import { atRate, chat, submitTask, type Target, times } from './asking.js';
import type { Fault, Shown } from './fault.js';
import { chaosModel, type ChaosYard } from './yard.js';

/** How soon jobs must end again after a kill, the start of a process included. */
const recoveryMaxMs = 60_000;

/** What is done to a Switchyard that was started to be broken. */
export const breakingFaults: readonly Fault<ChaosYard>[] = [
  { row: '2', fault: 'kill -9 of everything but NATS while 100 jobs run', act: killStandalone },
  { row: '3', fault: 'kill -9 of nats-server under load', act: killNats },
  { row: '10', fault: 'one of three backends hangs, ten streams', act: hang },
  { row: '11', fault: 'streams cut in their middle', act: cutStreams },
  { row: '13', fault: 'one of three backends answers 429', act: storm },
  { row: '14', fault: 'all backends down for 5 s', act: allDown },
  { row: '19', fault: 'SIGTERM under load, then started again', act: terminate },
];

const targetOf = ({ url }: ChaosYard): Target => ({ url, apiKey: undefined, model: chaosModel });

async function submit(yard: ChaosYard): Promise<void> {
  const id = await submitTask(targetOf(yard));
  if (id) yard.outcomes.accept(id);
}

async function killStandalone(yard: ChaosYard): Promise<Shown> {
  await yard.slowDown(3_000);
  await times(100, () => submit(yard));
  const running = () => yard.backends.reduce((sum, { counts }) => sum + counts.running, 0);
  for (let turn = 0; running() < 100 && turn < 100; turn += 1) await delay(50);
  await yard.end('SIGKILL');
  // Some may have ended before it says that it is ready.
  const [recoveryMs] = await Promise.all([yard.untilOneEnds(60_000), yard.start()]);
  await yard.settle(60_000);
  return { recoveryMs, isReached: recoveryMs <= recoveryMaxMs };
}

async function killNats(yard: ChaosYard): Promise<Shown> {
  await yard.slowDown(20);
  const load = atRate(50, 6_000, () => submit(yard));
  await delay(2_000);
  await yard.nats.kill9();
  await delay(500);
  await yard.nats.restart();
  const recoveryMs = await yard.untilOneEnds(30_000);
  await load;
  await yard.settle(30_000);
  return { recoveryMs, isReached: recoveryMs <= 5_000 };
}

async function hang(yard: ChaosYard): Promise<Shown> {
  await yard.backends[0]?.set({ all: { kind: 'hang' } });
  const answers = await times(10, () => chat(targetOf(yard), { stream: true }));
  for (const { jobId } of answers) yard.outcomes.accept(jobId);
  await yard.settle(30_000);
  const figures = { 'attempts that hung': yard.backends[0]?.counts.calls ?? 0 };
  return { figures, isReached: answers.every(({ text }) => text.includes('[DONE]')) };
}

async function cutStreams(yard: ChaosYard): Promise<Shown> {
  await yard.sicken({ kind: 'cut', afterChunks: 3 });
  const answers = await times(3, () => chat(targetOf(yard), { stream: true }));
  for (const { jobId } of answers) yard.outcomes.accept(jobId);
  await yard.settle(10_000);
  const honest = answers.filter(
    ({ text }) => text.includes('"error"') && !text.includes('[DONE]'),
  ).length;
  return {
    figures: { 'ended by an error event': honest },
    seen: 'none is tried again once its client has a part',
    isReached: honest === answers.length,
    failedOf: answers.length,
  };
}

async function storm(yard: ChaosYard): Promise<Shown> {
  await yard.backends[0]?.set({ all: { kind: 'rateLimited', retryAfter: '60' } });
  await atRate(20, 4_000, () => submit(yard));
  await yard.settle(20_000);
  const { accepted } = yard.outcomes;
  const calls = yard.backends.reduce((sum, { counts }) => sum + counts.calls, 0);
  const figures = { 'calls per job': calls / accepted.length };
  return { figures, isReached: figures['calls per job'] <= 1.2 };
}

async function allDown(yard: ChaosYard): Promise<Shown> {
  for (const backend of yard.backends) await backend.set({ refuse: true });
  // Nothing may fail: tasks wait, since nobody holds a connection for them.
  const load = atRate(10, 5_000, () => submit(yard));
  await load;
  for (const backend of yard.backends) await backend.set({});
  const recoveryMs = await yard.untilOneEnds(120_000);
  await yard.settle(120_000);
  const failedOf = yard.outcomes.count().byStatus.failed ?? 0;
  return { recoveryMs, isReached: recoveryMs <= 120_000, failedOf };
}

async function terminate(yard: ChaosYard): Promise<Shown> {
  await yard.slowDown(500);
  let isStopping = false;
  const load = atRate(20, 4_000, async () => {
    if (!isStopping) await submit(yard);
  });
  await delay(2_000);
  isStopping = true;
  const startMonoMs = performance.now();
  const code = await yard.end('SIGTERM');
  const figures = { 'exit ms': performance.now() - startMonoMs };
  await load;
  await yard.start();
  await yard.settle(30_000);
  return { figures, isReached: code === 0 };
}
