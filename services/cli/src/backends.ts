import type { Context } from './context.js';
import { show, tableText } from './terminal.js';

/** A backend as the REST door shows it; only what is read here. */
export type BackendView = {
  readonly backend_id: string;
  readonly kind: string;
  readonly endpoint: string | null;
  readonly enabled: boolean;
  readonly status: string;
  readonly breaker: string;
  readonly message: string | null;
  readonly slots?: number;
  readonly models: readonly string[];
  readonly simulated: boolean;
  readonly last_resort: boolean;
};
type RunningPage = { readonly tasks: readonly { readonly backend: string | null }[] };

const pageMax = 500;

/** Reads the backends of a Switchyard. */
export const readBackends = async ({ api }: Pick<Context, 'api'>) =>
  (await api.json<{ readonly backends: readonly BackendView[] }>('/api/v1/backends')).backends;

/** `switchyard backends`. */
export async function showBackends(context: Context): Promise<void> {
  const running = `/api/v1/tasks?status=assigned,running&limit=${pageMax}`;
  const [backends, page] = await Promise.all([
    readBackends(context),
    context.api.json<RunningPage>(running),
  ]);
  const inFlight = countsOf(page);
  const value = {
    backends: backends.map((backend) => ({
      ...backend,
      jobs_in_flight: inFlight.get(backend.backend_id) ?? 0,
    })),
  };
  show(context.terminal, value, () => backendsText(backends, inFlight));
}

/** Running jobs of this account by backend. */
function countsOf({ tasks }: RunningPage): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { backend } of tasks) {
    if (backend !== null) counts.set(backend, (counts.get(backend) ?? 0) + 1);
  }
  return counts;
}

/** Backends as a table, one line each. */
export function backendsText(
  backends: readonly BackendView[],
  inFlight: ReadonlyMap<string, number>,
): string {
  if (backends.length === 0) return 'No backends yet. "switchyard doctor" says what is missing.';
  return tableText(
    ['backend', 'kind', 'health', 'slots', 'in flight', 'models', 'notes'],
    backends.map((backend) => [
      backend.backend_id,
      backend.kind,
      backend.status,
      String(backend.slots ?? ''),
      String(inFlight.get(backend.backend_id) ?? 0),
      modelsText(backend.models),
      notesOf(backend).join('; '),
    ]),
  );
}

function modelsText(models: readonly string[]): string {
  const shown = models.slice(0, 3).join(', ');
  return models.length > 3 ? `${shown} and ${models.length - 3} more` : shown;
}

/** What one should know of a backend before one relies on it. */
export function notesOf(backend: BackendView): readonly string[] {
  return [
    backend.simulated ? 'SIMULATED: its answers are made up' : '',
    backend.last_resort ? 'paid: only for models that no local backend has' : '',
    backend.enabled ? '' : 'disabled',
    backend.breaker === 'closed' ? '' : `breaker ${backend.breaker}`,
    backend.status === 'healthy' ? '' : (backend.message ?? ''),
  ].filter(Boolean);
}
