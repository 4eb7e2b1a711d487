import { type BackendView, notesOf, readBackends } from '../backends.js';
import { CliError } from '../cli-error.js';
import type { GatewayApi } from '../gateway-api.js';
import { type Check, failed, note, ok, skipped } from './check.js';

type Health = {
  readonly status?: string;
  readonly error?: Readonly<Record<string, { readonly message?: string }>>;
};

const healthTimeoutMs = 5_000;

/** Does the gateway answer, can it take jobs, and do its backends? */
export async function checkGateway(api: GatewayApi): Promise<readonly Check[]> {
  const { url } = api.place;
  const gateway = await checkHealth(url);
  if (gateway.verdict !== 'ok') return [gateway, skipped('backends', 'the gateway comes first')];
  try {
    const backends = await readBackends({ api });
    return [gateway, ...checksOf(backends)];
  } catch (caught) {
    if (!(caught instanceof CliError)) throw caught;
    return [gateway, failed('backends', caught.message, caught.remedy ?? 'See its log.')];
  }
}

async function checkHealth(url: string): Promise<Check> {
  const name = 'gateway';
  const signal = AbortSignal.timeout(healthTimeoutMs);
  const answer = await fetch(`${url}/health`, { signal }).catch(() => undefined);
  if (!answer) {
    const remedy = 'Start it with "switchyard up", or name another with --url or SWITCHYARD_URL.';
    return failed(name, `nobody answers at ${url}`, remedy);
  }
  const health = (await answer.json().catch(() => ({}))) as Health;
  if (health.status === 'healthy') return ok(name, `${url} is ready`);
  if (health.status !== 'unhealthy' || !answer.headers.has('x-switchyard-instance')) {
    return failed(name, `${url} is no Switchyard`, 'Name its API with --url or SWITCHYARD_URL.');
  }
  const said = Object.entries(health.error ?? {}).map(
    ([part, { message }]) => `${part}: ${message ?? 'down'}`,
  );
  return failed(name, `${url} is not ready: ${said.join('; ')}`, 'Mend NATS first; see above.');
}

/** One finding for each backend; none at all is one too. */
export function checksOf(backends: readonly BackendView[]): readonly Check[] {
  if (backends.length > 0) return backends.map(checkBackend);
  const remedy =
    'Start Ollama, LM Studio, vLLM or llama.cpp here, or add backend_instances to switchyard.yaml.';
  return [failed('backends', 'there are none', remedy)];
}

function checkBackend(backend: BackendView): Check {
  const name = `backend ${backend.backend_id}`;
  const notes = notesOf(backend);
  const found = [backend.status, `${backend.models.length} model(s)`, ...notes].join(', ');
  if (!backend.enabled) return note(name, 'disabled', 'Set is_enabled: true to use it.');
  if (backend.status === 'unhealthy') {
    const remedy = `Start it, or correct endpoint_url (${backend.endpoint ?? 'unknown'}).`;
    return failed(name, found, remedy);
  }
  if (backend.status === 'healthy' && backend.models.length === 0) {
    return failed(name, 'healthy, but it has no model', 'Load a model into it.');
  }
  if (backend.status === 'healthy' && notes.length === 0) return ok(name, found);
  return note(name, found);
}
