import { jetstreamManager, type JetStreamManager } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';

const stream = 'FILLER';
const pieceBytes = 900 * 1_024;
const atOnce = 20;

/** Fills what a nats-server may store with a stream that is not ours. */
export class DiskFiller {
  private constructor(
    private readonly nc: NatsConnection,
    private readonly jsm: JetStreamManager,
  ) {}

  static async open(natsUrl: string): Promise<DiskFiller> {
    const nc = await connect({ servers: natsUrl });
    const jsm = await jetstreamManager(nc, { checkAPI: false });
    await jsm.streams.add({ name: stream, subjects: ['filler'] });
    return new DiskFiller(nc, jsm);
  }

  /** Stores until the server refuses. */
  async fill(): Promise<void> {
    const piece = Buffer.alloc(pieceBytes);
    const publish = async () => {
      const answer = await this.nc.request('filler', piece, { timeout: 10_000 });
      return answer.json<{ readonly error?: object }>().error === undefined;
    };
    for (;;) {
      const stored = await Promise.all(Array.from({ length: atOnce }, publish));
      if (stored.includes(false)) return;
    }
  }

  async free(): Promise<void> {
    await this.jsm.streams.purge(stream);
  }

  close(): Promise<void> {
    return this.nc.close();
  }
}
