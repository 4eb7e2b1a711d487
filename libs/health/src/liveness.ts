/** What an instance last said of itself, and when it was heard here. */
export type Heard = { readonly heardAtMs: number };

/** Whether an instance is there, as its heartbeats tell. */
export type Liveness = 'alive' | 'suspect' | 'dead' | 'gone';

/** Ages of the last heartbeat in milliseconds; heartbeats come every 10 s. */
export const livenessAges = { suspectMs: 15_000, deadMs: 30_000, goneMs: 330_000 } as const;

/** How alive an instance is by the age of its last heartbeat. Only its own heartbeats count. */
export function livenessOf({ heardAtMs }: Heard, nowMs: number): Liveness {
  const ageMs = nowMs - heardAtMs;
  if (ageMs <= livenessAges.suspectMs) return 'alive';
  if (ageMs <= livenessAges.deadMs) return 'suspect';
  return ageMs <= livenessAges.goneMs ? 'dead' : 'gone';
}
