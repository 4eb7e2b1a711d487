import { createParser } from 'eventsource-parser';

/** One server-sent event. */
export type ServerEvent = { readonly name: string | undefined; readonly data: string };

/** The server-sent events of a response's body, as they come. */
export async function* readEvents(body: ReadableStream<Uint8Array>): AsyncGenerator<ServerEvent> {
  const ready: ServerEvent[] = [];
  const parser = createParser({
    onEvent: ({ event, data }) => ready.push({ name: event, data }),
  });
  const decoder = new TextDecoder();
  for await (const part of body) {
    parser.feed(decoder.decode(part, { stream: true }));
    yield* ready.splice(0);
  }
}
