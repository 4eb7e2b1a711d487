/** Where a W3C trace context travels: headers of HTTP or of NATS. */
export interface Carrier {
  get(name: string): string | undefined;
  set(name: string, value: string): void;
  keys(): Iterable<string>;
}

/** A W3C trace context taken apart. */
export type RemoteContext = {
  readonly traceId: string;
  readonly spanId: string;
  readonly traceFlags: number;
};

const form =
  /^(?!ff)[0-9a-f]{2}-((?!0{32})[0-9a-f]{32})-((?!0{16})[0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const header = 'traceparent';

/** The parts of `traceparent`; undefined where it is none that can be continued. */
export function contextOf(traceparent: string): RemoteContext | undefined {
  const [, traceId = '', spanId = '', flags = '', more] = form.exec(traceparent) ?? [];
  // Version 00 ends with its flags; later ones may say more.
  if (traceId === '' || (more !== undefined && traceparent.startsWith('00'))) return undefined;
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16) };
}

/** The text of a trace context; undefined where there is none, as for a span that is off. */
export const traceparentOf = ({
  traceId,
  spanId,
  traceFlags,
}: RemoteContext): string | undefined =>
  /^0*$/.test(traceId)
    ? undefined
    : `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`;

/** The trace's id; undefined where `traceparent` is none. */
export const traceIdOf = (traceparent: string): string | undefined =>
  contextOf(traceparent)?.traceId;

/** Writes a trace context to a carrier; none where tracing is off and nothing came in. */
export function injectContext(carrier: Carrier, traceparent: string | undefined): void {
  if (traceparent !== undefined && contextOf(traceparent)) carrier.set(header, traceparent);
}

/** The trace context of a carrier, however its name is spelled; undefined where there is none. */
export function extractContext(carrier: Carrier): string | undefined {
  const direct = carrier.get(header);
  const name = direct ? undefined : [...carrier.keys()].find((key) => key.toLowerCase() === header);
  const found = direct ?? (name === undefined ? undefined : carrier.get(name));
  return found !== undefined && contextOf(found) ? found : undefined;
}
