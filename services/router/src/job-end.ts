import type { WireBudgetStand } from '@switchyard/contracts';
import type { AppError } from '@switchyard/domain';
import type { RejectDecision } from '@switchyard/routing';
import type { RoutedJob } from './routed-job.js';

/** How a job ends that cannot or may not wait any longer. */
export type End = {
  readonly status: 'failed' | 'expired';
  readonly code: AppError['code'];
  readonly message: string;
  /** The budget that had no money for it, where one had none. */
  readonly budget?: WireBudgetStand | undefined;
};

/** What its budgets said of a job. */
type Money = { readonly why: string; readonly budget?: WireBudgetStand };

/** What was in the way of a waiting job. */
export type InTheWay = {
  /** Of its group. */
  readonly reason: string;
  /** Of it alone, where money was. */
  readonly money: (Money & { readonly isSilence: boolean }) | undefined;
};

/** The end of a job that waited as long as it may. */
export function expiry(job: RoutedJob, nowMs: number, { reason, money }: InTheWay): End {
  if (job.deadlineAtMs <= nowMs) {
    const message = 'the deadline passed while the job waited';
    return { status: 'expired', code: 'deadline_exceeded', message };
  }
  if (money && !money.isSilence) {
    const message = `no budget had the money before the wait was over (${money.why})`;
    return { status: 'failed', code: 'budget_exceeded', message, budget: money.budget };
  }
  const waitedMs = nowMs - job.submittedAtMs;
  const message = `no backend could take the job within ${waitedMs} ms: ${money?.why ?? reason}`;
  return { status: 'expired', code: 'no_backend_available', message };
}

/** The end of a job that no backend may take; `money`: what its budgets said. */
export function rejection(decision: RejectDecision, job: RoutedJob, money: Money | undefined): End {
  const { kind, model } = job.stamp;
  const { backendIds, reasons } = decision.excluded;
  const why = backendIds.map((id, at) => `${id}: ${reasons[at]}`).join(', ');
  const messages: Readonly<Record<RejectDecision['reason'], string>> = {
    model_unknown: `model: no backend has "${model}" for ${kind}`,
    none_registered: 'no backend is registered',
    none_able: `no backend may take this job (${why})`,
    over_cost: `every backend that could take this job is over its cost cap (${why})`,
    budget: `no budget pays for a backend that could take this job (${money?.why ?? why})`,
  };
  const budget = decision.reason === 'budget' ? money?.budget : undefined;
  return { status: 'failed', code: decision.code, message: messages[decision.reason], budget };
}
