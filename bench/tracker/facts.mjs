// What the log holds of one job, as the services write it.
const startedAtMs = 1_800_000_000_000;
const statuses = ['succeeded', 'succeeded', 'succeeded', 'succeeded', 'failed', 'canceled'];
const kinds = ['chat', 'chat', 'embedding', 'image'];
const record = { job: { kind: 'chat', model: 'm', priority: 5 }, seen: 'x'.repeat(900) };

/** One job in ten belongs to another account, every thousandth is still running. */
export function jobFacts(at) {
  const jobId = `j${String(at).padStart(24, '0')}`;
  const account = at % 10 === 0 ? 'other' : 'default';
  const kind = kinds[at % kinds.length];
  const submittedAtMs = startedAtMs + at * 40;
  const backendId = `backend-${at % 20}`;
  const isRunning = at % 1000 === 1;
  const status = isRunning ? 'running' : statuses[at % statuses.length];
  const place = { attemptNo: 1, backendId, decisionId: `${jobId}.1` };
  const cell = {
    jobId,
    status,
    account,
    kind,
    model: 'llama3.2:1b',
    priority: 5,
    submittedAtMs,
    updatedAtMs: submittedAtMs + 900,
    executorId: 'executor-1',
    dispatchSeq: at + 1,
    startedAtMs: submittedAtMs + 30,
    ...place,
    ...(isRunning ? {} : { outcome: outcomeOf(status, place, submittedAtMs) }),
  };
  const decided = {
    ...place,
    jobId,
    account,
    verdict: 'route',
    decidedAtMs: submittedAtMs + 25,
    queueWaitMs: 25,
    record,
  };
  return [
    { stream: 'EVENTS', subject: 'events.job.decided', data: bytes(decided) },
    { stream: 'STATE', subject: `state.${jobId}`, data: bytes(cell) },
  ];
}

const outcomeOf = (status, place, submittedAtMs) => ({
  status,
  ...place,
  finishedAtMs: submittedAtMs + 900,
  usage: { inputTokens: 120, outputTokens: 80, basis: 'reported' },
  costUsdMicros: '140',
  ...(status === 'failed' ? { failure: { code: 'upstream_error', message: 'HTTP 500' } } : {}),
  result: { finishReason: 'stop', body: { choices: [{ text: 'y'.repeat(300) }] } },
});

const bytes = (value) => Buffer.from(JSON.stringify(value));
