/** Where a W3C trace context travels: headers of HTTP or of NATS. */
export interface Carrier {
  get(name: string): string | undefined;
  set(name: string, value: string): void;
  keys(): Iterable<string>;
}

const form = /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:-|$)/;
const header = 'traceparent';

/** True for a W3C trace context that can be continued. */
export const isTraceparent = (text: string): boolean => form.test(text);

/** The trace's id; undefined where `traceparent` is none. */
export const traceIdOf = (traceparent: string): string | undefined =>
  isTraceparent(traceparent) ? traceparent.slice(3, 35) : undefined;

/** Writes a trace context to a carrier; none where tracing is off and nothing came in. */
export function injectContext(carrier: Carrier, traceparent: string | undefined): void {
  if (traceparent !== undefined && isTraceparent(traceparent)) carrier.set(header, traceparent);
}

/** The trace context of a carrier, however its name is spelled; undefined where there is none. */
export function extractContext(carrier: Carrier): string | undefined {
  const direct = carrier.get(header);
  const name = direct ? undefined : [...carrier.keys()].find((key) => key.toLowerCase() === header);
  const found = direct ?? (name === undefined ? undefined : carrier.get(name));
  return found !== undefined && isTraceparent(found) ? found : undefined;
}
