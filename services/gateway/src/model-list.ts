import type { Bus } from '@switchyard/bus';
import type { WireBackend, WireHealth } from '@switchyard/contracts';

/** A model as callers may name it. */
export type ListedModel = { readonly id: string; readonly backends: readonly WireBackend[] };

/** The backends and their health as the registry tells them, and the models they offer. */
export class BackendList {
  readonly #backends = new Map<string, WireBackend>();
  readonly #health = new Map<string, WireHealth>();
  #models: ReadonlyMap<string, ListedModel> = new Map();
  #isComplete = false;
  #stops: (() => void)[] = [];

  /** Follows the registry; resolves once everything present was read. */
  static async follow(bus: Bus): Promise<BackendList> {
    const list = new BackendList();
    const [backends, health] = await Promise.all([
      bus.keyValues<WireBackend>('backends'),
      bus.keyValues<WireHealth>('health'),
    ]);
    let stopBackends = () => {};
    await new Promise<void>((ready, fail) => {
      backends
        .watch((id, backend) => list.#tellBackend(id, backend), ready)
        .then((stop) => {
          stopBackends = stop;
        }, fail);
    });
    const stopHealth = await health.watch((id, row) => set(list.#health, id, row));
    list.#stops = [() => stopBackends(), stopHealth];
    return list;
  }

  /** Every backend, by id. */
  get all(): readonly WireBackend[] {
    return [...this.#backends.values()].sort((a, b) => ((a.id ?? '') < (b.id ?? '') ? -1 : 1));
  }

  get(id: string): WireBackend | undefined {
    return this.#backends.get(id);
  }

  healthOf(id: string): WireHealth | undefined {
    return this.#health.get(id);
  }

  /** Every model of an enabled backend, by name. */
  get models(): readonly ListedModel[] {
    return [...this.#models.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  model(id: string): ListedModel | undefined {
    return this.#models.get(id);
  }

  /** False only where every enabled backend has said what it has, and none has this model. */
  mayHave(model: string): boolean {
    return !this.#isComplete || this.#models.has(model);
  }

  close(): void {
    for (const stop of this.#stops) stop();
  }

  #tellBackend(id: string, backend: WireBackend | undefined): void {
    set(this.#backends, id, backend);
    const enabled = [...this.#backends.values()].filter((each) => each.isEnabled);
    const models = new Map<string, { id: string; backends: WireBackend[] }>();
    for (const each of enabled) {
      for (const name of namesOf(each)) {
        const known = models.get(name);
        if (known) known.backends.push(each);
        else models.set(name, { id: name, backends: [each] });
      }
    }
    this.#models = models;
    this.#isComplete = enabled.length > 0 && enabled.every(isKnown);
  }
}

function set<Value>(map: Map<string, Value>, key: string, value: Value | undefined): void {
  if (value === undefined) map.delete(key);
  else map.set(key, value);
}

const isKnown = (backend: WireBackend): boolean =>
  backend.hasCatalogue === true || (backend.supportedModels ?? []).length > 0;

/**
 * Names by which a caller may ask for a backend's models: those configured, else those seen, and
 * their aliases.
 */
export function namesOf(backend: WireBackend): readonly string[] {
  const listed = backend.supportedModels ?? [];
  const seen = (backend.models ?? []).map((model) => model.id ?? '');
  const names = new Set(listed.length > 0 ? listed : seen);
  for (const [alias, name] of Object.entries(backend.modelAliases ?? {})) {
    if (names.has(name)) names.add(alias);
  }
  names.delete('');
  return [...names];
}
