import type { Backend, BackendSource, Log } from '@switchyard/domain';
import { type Found, identify } from './identify.js';
import { type Place, places } from './places.js';

const lookEveryMs = 15_000;
/** A server that was gone at this many looks in a row is taken off the list; until then its health says so. */
const missesMax = 20;

/** What one look brought, place by place. */
export type Sighting = { readonly place: Place; readonly found: Found };

/**
 * Backends found on this machine, and those given from elsewhere. Goes on looking: a server started later is used from
 * then on.
 */
export class BackendFinder implements BackendSource {
  readonly #log: Log;
  readonly #look: (place: Place) => Promise<Found>;
  readonly #given = new Map<string, Backend>();
  readonly #found = new Map<string, { readonly backend: Backend; misses: number }>();
  readonly #listeners = new Set<() => void>();
  #timer: NodeJS.Timeout | undefined;

  constructor(log: Log, look: (place: Place) => Promise<Found> = identify) {
    this.#log = log;
    this.#look = look;
  }

  current(): readonly Backend[] {
    return [...[...this.#found.values()].map(({ backend }) => backend), ...this.#given.values()];
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Adds backends that are not looked for: those of keys, engines and simulations of our own. */
  give(backends: readonly Backend[]): void {
    for (const backend of backends) this.#given.set(backend.id, backend);
    this.#tell();
  }

  /** Looks once at every place, and says what it saw. */
  async look(): Promise<Sighting[]> {
    const sightings = await Promise.all(places.map(async (place) => ({ place, found: await this.#look(place) })));
    const before = this.#found.size;
    let isChanged = false;
    for (const { place, found } of sightings) {
      const known = this.#found.get(place.id);
      if (found.kind === 'backend' && !this.#isGiven(found.backend)) {
        if (!known) this.#log.info({ backendId: place.id, endpointUrl: found.backend.endpointUrl }, 'backend found');
        isChanged ||= !known;
        this.#found.set(place.id, { backend: found.backend, misses: 0 });
      } else if (known) {
        known.misses += 1;
        if (known.misses >= missesMax) this.#found.delete(place.id);
      }
    }
    if (isChanged || this.#found.size !== before) this.#tell();
    return sightings;
  }

  /** Goes on looking. */
  start(): void {
    this.#timer = setInterval(() => void this.look(), lookEveryMs);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** An engine of our own may listen where servers of its kind do. */
  #isGiven({ endpointUrl }: Backend): boolean {
    return [...this.#given.values()].some((given) => given.endpointUrl === endpointUrl);
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }
}
