import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { startTestNats, type TestNats } from '@switchyard/testing';
import { freePort } from './processes.js';

/** Three nats-servers that are one JetStream cluster on loopback. */
export type TestNatsCluster = {
  /** The addresses of all, separated by commas, as in NATS_URL. */
  readonly url: string;
  readonly servers: readonly TestNats[];
  /** The server that leads a stream now. */
  leaderOf(stream: string): Promise<TestNats>;
  stop(): Promise<void>;
};

const size = 3;
const readyWithinMs = 30_000;

/** Starts the cluster and resolves once it has a leader and takes streams. */
export async function startTestNatsCluster(): Promise<TestNatsCluster> {
  const routePorts = await Promise.all(Array.from({ length: size }, freePort));
  const routes = routePorts.map((port) => `nats-route://127.0.0.1:${port}`).join(', ');
  const servers = await Promise.all(
    routePorts.map((port) =>
      startTestNats({
        configLines: [`cluster { name: test, listen: "127.0.0.1:${port}", routes: [${routes}] }`],
      }),
    ),
  );
  const url = servers.map((server) => server.url).join(',');
  const stop = async () => void (await Promise.all(servers.map((server) => server.stop())));
  try {
    await untilItLeads(url);
  } catch (caught) {
    await stop();
    throw caught;
  }
  return {
    url,
    servers,
    leaderOf: async (stream) => {
      const name = await leaderName(url, stream);
      const leader = servers.find(({ serverName }) => serverName === name);
      if (!leader) throw new Error(`${stream} has no leader`);
      return leader;
    },
    stop,
  };
}

async function leaderName(url: string, stream: string): Promise<string | undefined> {
  const nc = await connect({ servers: url.split(',') });
  try {
    const jsm = await jetstreamManager(nc, { checkAPI: false });
    return (await jsm.streams.info(stream)).cluster?.leader;
  } finally {
    await nc.close();
  }
}

/** A cluster takes streams only once its servers have found each other and voted. */
async function untilItLeads(url: string): Promise<void> {
  const nc = await connect({ servers: url.split(',') });
  const endMonoMs = performance.now() + readyWithinMs;
  try {
    const jsm = await jetstreamManager(nc, { checkAPI: false });
    for (;;) {
      const probe = { name: 'probe', subjects: ['probe'], num_replicas: size };
      const made = await jsm.streams.add(probe).catch((caught: unknown) => caught as Error);
      if (!(made instanceof Error)) break;
      if (performance.now() > endMonoMs) throw made;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    await jsm.streams.delete('probe');
  } finally {
    await nc.close();
  }
}
