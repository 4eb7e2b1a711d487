import { foundBackend } from '@switchyard/config';
import type { Backend } from '@switchyard/domain';
import type { Found } from './identify.js';
import type { Place } from './places.js';

/** What one look at a place brought. */
export type Sighting = { readonly place: Place; readonly found: Found };

/**
 * A server that was gone at this many looks in a row is given up; until then its health says that
 * it is away.
 */
export const missesMax = 20;

/** A backend that was found, and how many looks in a row did not find it again. */
export type Known = { readonly backend: Backend; readonly misses: number };

/** What is known after a look, by port, and what that changed. */
export type Knowledge = {
  readonly known: ReadonlyMap<number, Known>;
  readonly added: readonly Backend[];
  readonly removed: readonly Backend[];
};

/**
 * What is known of the places after another look at them.
 *
 * - Another server at a known port replaces the one that was there.
 * - A server not found is kept for a while: it may be starting again, and jobs may wait for its
 *   models.
 * - A server at an address in `taken` is somebody's already, our own engine's for example.
 */
export function afterLook(
  before: ReadonlyMap<number, Known>,
  sightings: readonly Sighting[],
  { taken, idSuffix }: { readonly taken: ReadonlySet<string>; readonly idSuffix: string },
): Knowledge {
  const known = new Map(before);
  const added: Backend[] = [];
  const removed: Backend[] = [];
  for (const { place, found } of sightings) {
    const last = before.get(place.port);
    const backend = found.kind === 'server' ? backendAt(place, found, idSuffix) : undefined;
    if (backend && !taken.has(backend.endpointUrl)) {
      const isSame = last?.backend.id === backend.id;
      known.set(place.port, { backend: isSame ? last.backend : backend, misses: 0 });
      if (!isSame) added.push(backend);
      if (last && !isSame) removed.push(last.backend);
    } else if (last && last.misses + 1 >= missesMax) {
      known.delete(place.port);
      removed.push(last.backend);
    } else if (last) {
      known.set(place.port, { ...last, misses: last.misses + 1 });
    }
  }
  return { known, added, removed };
}

/**
 * The backend of a server: named after what it is, with its port where it is not at its usual one.
 */
function backendAt(
  place: Place,
  { server }: Found & { kind: 'server' },
  idSuffix: string,
): Backend {
  const { software, kind, isSimulated } = server;
  const url = `http://127.0.0.1:${place.port}`;
  const name = software === place.software ? software : `${software}-${place.port}`;
  return foundBackend({
    id: `${name}${isSimulated ? '-simulated' : ''}${idSuffix}`,
    kind,
    endpointUrl: kind === 'ollama' ? url : `${url}/v1`,
    origin: 'discovered',
    simulated: isSimulated,
    tags: isSimulated ? ['simulated'] : [],
  });
}
