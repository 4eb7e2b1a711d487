import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** One message as the server delivered it. */
export type PlainMessage = { readonly subject: string; readonly data: string };

const lineEnd = Buffer.from('\r\n');

/**
 * A client that knows nothing but NATS' text protocol (CONNECT, PING, SUB, PUB, HPUB, MSG) over a
 * TCP socket: what any language without a library of ours can do.
 */
export class PlainNats {
  readonly #socket: Socket;
  readonly #heard: PlainMessage[] = [];
  readonly #waiting: {
    matches: (message: PlainMessage) => boolean;
    hear: (message: PlainMessage) => void;
  }[] = [];
  #rest: Buffer = Buffer.alloc(0);
  #subscriptions = 0;
  #inboxes = 0;
  #pongs: (() => void)[] = [];

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (data) => this.#read(data));
  }

  static async open(url: string): Promise<PlainNats> {
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname);
    await once(socket, 'connect');
    const client = new PlainNats(socket);
    socket.write('CONNECT {"verbose":false,"pedantic":false,"headers":true}\r\n');
    await client.#flush();
    return client;
  }

  async subscribe(subject: string): Promise<void> {
    this.#subscriptions += 1;
    this.#socket.write(`SUB ${subject} ${this.#subscriptions}\r\n`);
    await this.#flush();
  }

  /** Publishes with a reply inbox and resolves with what came there. */
  async request(subject: string, body: string | Uint8Array, contentType?: string): Promise<string> {
    this.#inboxes += 1;
    const inbox = `_INBOX.plain.${process.pid}.${this.#inboxes}`;
    await this.subscribe(inbox);
    const data = Buffer.from(body);
    const headers = contentType ? `NATS/1.0\r\nContent-Type: ${contentType}\r\n\r\n` : '';
    const head = headers
      ? `HPUB ${subject} ${inbox} ${headers.length} ${headers.length + data.length}\r\n${headers}`
      : `PUB ${subject} ${inbox} ${data.length}\r\n`;
    this.#socket.write(Buffer.concat([Buffer.from(head), data, lineEnd]));
    return (await this.message(inbox)).data;
  }

  /** The next message on a subject that nobody has taken yet. */
  message(subject: string): Promise<PlainMessage> {
    const matches = (message: PlainMessage) => message.subject === subject;
    const at = this.#heard.findIndex(matches);
    if (at >= 0) return Promise.resolve(this.#heard.splice(at, 1)[0] as PlainMessage);
    return new Promise((hear) => this.#waiting.push({ matches, hear }));
  }

  /** Messages that came on a subject and were not taken. */
  untaken(subject: string): readonly PlainMessage[] {
    return this.#heard.filter((message) => message.subject === subject);
  }

  async stop(): Promise<void> {
    this.#socket.destroy();
  }

  #flush(): Promise<void> {
    return new Promise((resolve) => {
      this.#pongs.push(resolve);
      this.#socket.write('PING\r\n');
    });
  }

  #read(data: Buffer): void {
    this.#rest = Buffer.concat([this.#rest, data]);
    for (;;) {
      const end = this.#rest.indexOf(lineEnd);
      if (end < 0) return;
      const [verb, ...words] = this.#rest.subarray(0, end).toString().split(' ');
      const isMessage = verb === 'MSG' || verb === 'HMSG';
      const bytes = isMessage ? Number(words.at(-1)) + 2 : 0;
      const next = end + 2 + bytes;
      if (this.#rest.length < next) return;
      const headerBytes = verb === 'HMSG' ? Number(words.at(-2)) : 0;
      const body = this.#rest.subarray(end + 2 + headerBytes, next - 2).toString();
      this.#rest = this.#rest.subarray(next);
      if (isMessage) this.#tell({ subject: words[0] as string, data: body });
      if (verb === 'PING') this.#socket.write('PONG\r\n');
      if (verb === 'PONG') this.#pongs.shift()?.();
    }
  }

  #tell(message: PlainMessage): void {
    const at = this.#waiting.findIndex(({ matches }) => matches(message));
    if (at >= 0) this.#waiting.splice(at, 1)[0]?.hear(message);
    else this.#heard.push(message);
  }
}
