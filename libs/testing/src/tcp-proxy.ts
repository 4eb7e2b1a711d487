import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A line between a client and a server that a test can stall. */
export type TcpProxy = {
  readonly port: number;
  /** Nothing passes any more and nobody is told: what a network partition looks like. */
  stall(): void;
  /** Passes everything again, what was held back first. */
  heal(): void;
  /** Ends every connection, with what was held back; new ones pass. */
  cut(): void;
  stop(): Promise<void>;
};

type Line = { readonly near: Socket; readonly far: Socket };
type State = 'open' | 'stalled';

/** Starts a proxy on loopback that passes bytes to `targetPort` until it is told otherwise. */
export async function startTcpProxy(targetPort: number): Promise<TcpProxy> {
  const lines = new Set<Line>();
  let state: State = 'open';
  const server = createServer((near) => {
    near.on('error', () => near.destroy());
    const line = { near, far: connect(targetPort, '127.0.0.1') };
    lines.add(line);
    joinEnds(line, () => lines.delete(line));
    if (state === 'open') pass(line);
    else hold(line);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    stall() {
      state = 'stalled';
      for (const line of lines) hold(line);
    },
    heal() {
      state = 'open';
      for (const line of lines) pass(line);
    },
    cut() {
      state = 'open';
      destroyAll(lines);
    },
    async stop() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      destroyAll(lines);
      await closed;
    },
  };
}

function destroyAll(lines: Iterable<Line>): void {
  for (const { near, far } of lines) {
    near.destroy();
    far.destroy();
  }
}

/** The end of one side is the end of the other. */
function joinEnds({ near, far }: Line, ended: () => void): void {
  const ends = [
    [near, far],
    [far, near],
  ] as const;
  for (const [one, other] of ends) {
    one.on('error', () => one.destroy());
    one.on('close', () => {
      other.destroy();
      ended();
    });
  }
}

function pass({ near, far }: Line): void {
  near.pipe(far);
  far.pipe(near);
}

function hold({ near, far }: Line): void {
  near.unpipe(far);
  far.unpipe(near);
  near.pause();
  far.pause();
}
