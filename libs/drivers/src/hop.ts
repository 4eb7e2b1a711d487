import type { Hop } from './driver.js';

/** Sent with every request to a backend: `<hops>;<instance>`. */
export const hopHeader = 'x-switchyard-hop';
/** Carried by every answer of a Switchyard door: never a backend. */
export const instanceHeader = 'x-switchyard-instance';
/** Carried by every answer of a simulated backend: its label travels with it. */
export const simulatedHeader = 'x-switchyard-simulated';

/** A request that passed this many doors is in a loop. */
export const hopsMax = 8;

/** The value of the hop header for the next door. */
export const formatHop = (hop: Hop): string => `${hop.hops};${hop.instance}`;

/** Reads a hop header; undefined where it is absent or malformed. */
export function parseHop(value: string | undefined): Hop | undefined {
  const match = value === undefined ? null : /^(\d{1,3});([A-Za-z0-9_-]{1,64})$/.exec(value);
  return match ? { hops: Number(match[1]), instance: match[2] as string } : undefined;
}
