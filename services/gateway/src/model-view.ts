import type { ListedModel } from './model-list.js';

/** A model as `GET /v1/models` shows it: OpenAI's fields, and where it runs. */
export function modelView({ id, backends }: ListedModel) {
  const facts = backends.flatMap(({ models, modelAliases }) =>
    (models ?? []).filter((model) => model.id === id || model.id === modelAliases?.[id]),
  );
  const kinds = [...new Set(facts.flatMap((model) => model.kinds ?? []))].sort();
  const windows = facts
    .map((model) => model.contextWindowTokens ?? 0)
    .filter((tokens) => tokens > 0);
  return {
    id,
    object: 'model',
    created: Math.floor(
      Math.max(0, ...backends.map((backend) => backend.updatedAtMs ?? 0)) / 1_000,
    ),
    owned_by: backends[0]?.kind ?? 'switchyard',
    backends: backends.map((backend) => backend.id),
    ...(kinds.length > 0 ? { kinds } : {}),
    ...(windows.length > 0 ? { context_window: Math.min(...windows) } : {}),
    ...(backends.every((backend) => backend.simulated) ? { simulated: true } : {}),
  };
}
