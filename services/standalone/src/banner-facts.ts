import type { Config } from '@switchyard/config';
import type { WireBackend } from '@switchyard/contracts';
import type { Backend } from '@switchyard/domain';
import type { BannerBackend, BannerFacts } from './banner.js';
import type { Sighting } from './discovery/found-backends.js';
import { engineId, type EngineState, type SupplyMode } from './supply.js';

/** What a start knows when it is ready. */
export type StartFacts = {
  readonly config: Config;
  /** The gateway's own word for where it listens. */
  readonly address: string;
  readonly port: number;
  readonly natsUrl: string;
  /** Undefined where NATS_URL names the server. */
  readonly nats: { readonly adopted: boolean } | undefined;
  readonly mode: SupplyMode;
  readonly backends: readonly Backend[];
  readonly sightings: readonly Sighting[];
  readonly engine: EngineState;
  /** The registry, for what each backend serves. */
  readonly records: readonly WireBackend[];
  readonly readyMs: number;
};

/** What the first screen says of a start. */
export function bannerFacts(facts: StartFacts): BannerFacts {
  const { config, nats } = facts;
  const records = new Map(facts.records.map((record) => [record.id, record]));
  return {
    apiUrl: facts.address.replace(/0\.0\.0\.0|\[::\]/, '127.0.0.1'),
    natsUrl: facts.natsUrl.replaceAll(/\/\/[^@/]*@/g, '//'),
    natsNote: nats
      ? `embedded, kept in ${config.dataDir}${nats.adopted ? '; found running' : ''}`
      : 'named by you',
    configFile: config.file,
    backends: facts.backends.map((backend) => toBanner(backend, records.get(backend.id))),
    notFound: facts.mode === 'found' ? facts.sightings.flatMap(whyNotFound) : [],
    warnings: warningsOf(facts),
    model: modelToTry(facts.backends, records),
    needsKey: config.apiKeys.length > 0,
    readyMs: facts.readyMs,
  };
}

const kindNames: Readonly<Record<string, string>> = {
  ollama: 'Ollama',
  'openai-compatible': 'OpenAI-compatible',
};

function toBanner(backend: Backend, record: WireBackend | undefined): BannerBackend {
  const { id, kind, endpointUrl } = backend;
  return {
    id,
    kind: kindNames[kind] ?? kind,
    address: URL.canParse(endpointUrl) ? new URL(endpointUrl).host : endpointUrl,
    models: modelsOf(backend, record),
    note: noteOf(backend),
  };
}

/** The names a backend goes by without those that only add `:latest`. */
function modelsOf(
  backend: Backend,
  record: WireBackend | undefined,
): readonly string[] | undefined {
  if (backend.supportedModels.length > 0) return backend.supportedModels;
  if (!record?.hasCatalogue) return undefined;
  const names = (record.models ?? []).map(({ id = '' }) => id);
  return names.filter(
    (name) => !names.includes(name.replace(/:latest$/, '')) || !name.endsWith(':latest'),
  );
}

function noteOf({ id, simulated, lastResort, isEnabled }: Backend): string {
  if (!isEnabled) return 'disabled';
  if (simulated) return 'SIMULATED: its answers are made up';
  if (lastResort) return 'paid: only for models that nothing else has';
  return id.startsWith(engineId) ? 'our own tiny model: real tokens, no wisdom' : '';
}

function whyNotFound({ place, found }: Sighting): string[] {
  if (found.kind === 'server') return [];
  return [`${place.name} (${place.port}${reasonOf(found)})`];
}

function reasonOf(found: Exclude<Sighting['found'], { kind: 'server' }>): string {
  if (found.kind === 'nothing') return '';
  if (found.kind === 'switchyard') return ': a Switchyard is there';
  if (found.status === 401 || found.status === 403) return ': asks for a key';
  return `: no model server we know, HTTP ${found.status}`;
}

function warningsOf(facts: StartFacts): string[] {
  const { config, port, mode, engine, backends } = facts;
  const wanted = config.gateway.port;
  const isEmpty = (backend: Backend) =>
    backend.kind === 'ollama' &&
    facts.records.some(({ id, hasCatalogue, models }) => {
      return id === backend.id && hasCatalogue && !models?.length;
    });
  return [
    ...(!wanted.isSet && port !== wanted.value
      ? [`Port ${wanted.value} is taken, so the API is at ${port}.`]
      : []),
    ...(config.apiKeys.length === 0
      ? ['Open to everyone on this machine. Keys: npx switchyard key new']
      : []),
    ...(mode === 'configured'
      ? ['Backends are those of the settings: nothing was looked for, no provider key is used.']
      : []),
    ...(mode === 'demo' ? ['Demo: every backend is simulated, every answer made up.'] : []),
    ...(engine.kind === 'starting'
      ? ['The engine of our own is still being fetched; a log line says when it is there.']
      : []),
    ...(engine.kind === 'unavailable'
      ? [`No engine of our own, so simulated backends: ${engine.reason}`]
      : []),
    ...(backends.some(isEmpty)
      ? ['Ollama has no models yet, for example: ollama pull llama3.2:1b']
      : []),
  ];
}

/** A chat model that answers now: a loaded one first, a paid one only where there is no other. */
export function modelToTry(
  backends: readonly Backend[],
  records: ReadonlyMap<string | undefined, WireBackend>,
): string | undefined {
  const choices = backends
    .filter(({ isEnabled }) => isEnabled)
    .flatMap((backend) =>
      (records.get(backend.id)?.models ?? [])
        .filter(({ kinds }) => kinds?.includes('chat'))
        .map((model) => ({ model, backend })),
    );
  const rank = ({ model, backend }: (typeof choices)[number]) =>
    (backend.lastResort ? 100 : 0) + backend.priority + (model.isResident ? 0 : 10);
  return choices.toSorted((a, b) => rank(a) - rank(b))[0]?.model.id;
}
