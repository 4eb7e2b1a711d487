import type { Backend, Log } from '@switchyard/domain';
import { afterLook, type Known, type Sighting } from './found-backends.js';
import { type Found, identify } from './identify.js';
import { type Place, places } from './places.js';

/** How a finder looks, and what it never takes. */
export type FinderOptions = {
  readonly log: Log;
  /** Appended to ids where several machines share one NATS. @default none */
  readonly idSuffix?: string;
  /** Addresses of backends that come from elsewhere. */
  readonly taken: () => Iterable<string>;
  /** Called after each change. */
  readonly onChange: () => void;
  /** @default over HTTP on loopback */
  readonly look?: (place: Place) => Promise<Found>;
  /** @default the usual ones */
  readonly places?: readonly Place[];
  /** @default 15 s */
  readonly lookEveryMs?: number;
};

/**
 * Looks for model servers on this machine, and goes on looking: one that is started later is used
 * from then on.
 */
export class Finder {
  readonly #options: FinderOptions;
  readonly #ownPorts = new Set<number>();
  #known: ReadonlyMap<number, Known> = new Map();
  #sightings: readonly Sighting[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(options: FinderOptions) {
    this.#options = options;
  }

  /** The backends found, those that are away for a while included. */
  get backends(): readonly Backend[] {
    return [...this.#known.values()].map(({ backend }) => backend);
  }

  /** What the last look brought, place by place. */
  get sightings(): readonly Sighting[] {
    return this.#sightings;
  }

  /** Looks no more at a port: it is ours. */
  skip(port: number): void {
    this.#ownPorts.add(port);
  }

  /** Looks once at every place. */
  async look(): Promise<readonly Sighting[]> {
    const { look = identify, log, onChange, taken, idSuffix = '' } = this.#options;
    const asked = (this.#options.places ?? places).filter(({ port }) => !this.#ownPorts.has(port));
    const sightings = await Promise.all(
      asked.map(async (place): Promise<Sighting> => ({ place, found: await look(place) })),
    );
    const rules = { taken: new Set(taken()), idSuffix };
    const { known, added, removed } = afterLook(this.#known, sightings, rules);
    this.#known = known;
    this.#sightings = sightings;
    for (const { id, endpointUrl } of added) log.info({ backendId: id, endpointUrl }, 'found');
    for (const { id } of removed)
      log.info({ backendId: id }, 'gone for long, no longer waited for');
    if (added.length > 0 || removed.length > 0) onChange();
    return sightings;
  }

  /** Goes on looking until `stop`. */
  start(): void {
    const { log, lookEveryMs = 15_000 } = this.#options;
    this.#timer = setInterval(() => {
      this.look().catch((cause) => log.warn({ err: String(cause) }, 'looking for servers failed'));
    }, lookEveryMs);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
