import type { WireCell } from '@switchyard/contracts';
import type { FastifyReply } from 'fastify';
import type { BackendList } from './model-list.js';

/**
 * Headers that say where and why a job ran; `x-switchyard-simulated` where the backend is a
 * simulation of ours.
 */
export function tellOutcomeHeaders(
  reply: FastifyReply,
  cell: WireCell,
  backends: BackendList,
): void {
  const { outcome } = cell;
  const backendId = outcome?.backendId || cell.backendId;
  if (backendId) {
    reply.header('x-switchyard-backend', backendId);
    if (backends.get(backendId)?.simulated) reply.header('x-switchyard-simulated', 'true');
  }
  const decisionId = outcome?.decisionId || cell.decisionId;
  if (decisionId) reply.header('x-switchyard-decision', decisionId);
  const attempts = outcome?.attemptNo || cell.attemptNo;
  if (attempts) reply.header('x-switchyard-attempts', String(attempts));
}
