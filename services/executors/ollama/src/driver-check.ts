import {
  type BackendLink,
  type CheckFindings,
  DriverFailure,
  isJsonObject,
  type JsonObject,
} from '@switchyard/drivers';
import type { CatalogueModel, JobKind } from '@switchyard/domain';

/**
 * Asks an Ollama server for its version, the models on its disk and those in its memory. None of it
 * costs anything.
 */
export async function checkOllama(link: BackendLink, signal: AbortSignal): Promise<CheckFindings> {
  const ask = async (path: string): Promise<{ body: JsonObject; simulated: boolean }> => {
    const { body, simulated } = await link.ask(link.basePath + path, signal);
    if (!isJsonObject(body))
      throw new DriverFailure('upstream_protocol', `the backend's ${path} is not a JSON object`);
    return { body, simulated };
  };
  // The version first and alone: where nothing answers, one question is enough to know.
  const version = await ask('/api/version');
  const [tags, running] = await Promise.all([ask('/api/tags'), ask('/api/ps')]);
  const resident = new Set(entriesOf(running.body).map(nameOf));
  return {
    server: 'ollama',
    version: typeof version.body.version === 'string' ? version.body.version : undefined,
    simulated: version.simulated,
    catalogue: { models: entriesOf(tags.body).flatMap((entry) => modelsOf(entry, resident)) },
  };
}

const entriesOf = (body: JsonObject): JsonObject[] =>
  Array.isArray(body.models)
    ? body.models.filter(isJsonObject).filter((entry) => nameOf(entry) !== '')
    : [];

const nameOf = ({ model, name }: JsonObject): string => {
  if (typeof model === 'string' && model !== '') return model;
  return typeof name === 'string' ? name : '';
};

/** One entry's model, and a second name without `:latest`, which Ollama takes as the same. */
function modelsOf(entry: JsonObject, resident: ReadonlySet<string>): CatalogueModel[] {
  const id = nameOf(entry);
  const model = { id, kinds: kindsOf(id, entry.details), isResident: resident.has(id) };
  return id.endsWith(':latest')
    ? [{ ...model, id: id.slice(0, -':latest'.length) }, model]
    : [model];
}

/** Architectures that can only embed. */
const embeddingFamily = /bert|^gte|^bge|^e5/i;

/**
 * Ollama's list does not say what a model is for: its architecture, else its name, tells the
 * embedders.
 */
function kindsOf(id: string, details: unknown): readonly JobKind[] {
  const { family, families } = isJsonObject(details) ? details : {};
  const named = [family, ...(Array.isArray(families) ? families : [])].filter(
    (name) => typeof name === 'string',
  );
  const isEmbedder = named.some((name) => embeddingFamily.test(name)) || /embed/i.test(id);
  return isEmbedder ? ['embedding'] : ['chat', 'completion', 'embedding'];
}
