import { mkdir, realpath } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { Log } from '@switchyard/domain';
import { StartError } from '../binaries/start-error.js';
import { replaceFile } from '../children/exclusive-file.js';
import { claimFolder } from '../children/folder-claim.js';
import { superviseChild } from '../children/supervised-child.js';
import { obtainNatsServer } from './obtain-nats-server.js';
import { askPort } from './server-info.js';
import { type ServerRecord, readOrCreateServerRecord } from './server-record.js';

/** Where the server lives, how it stores, and where its program may be had from. */
export type EmbeddedNatsOptions = {
  /** SWITCHYARD_DATA_DIR; the server's store, settings and log are in `<dataDir>/nats`. */
  readonly dataDir: string;
  readonly cacheDir: string;
  /** What the server process gets; PATH is where its program is looked for. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** `always` writes every message to disk before its ack; `default` every two minutes. */
  readonly sync: 'default' | 'always';
  readonly log: Log;
  /** Taken on the folder's first start if it is free then. @default 4222 */
  readonly preferredPort?: number;
};

/** The nats-server of one data folder, kept running until `stop`. */
export type EmbeddedNats = {
  readonly url: string;
  readonly serverName: string;
  /** True where a killed Switchyard had left it running. */
  readonly adopted: boolean;
  /** Of the server process running now; undefined while it is being started again. */
  readonly pid: number | undefined;
  /** Ends the server, waits until it is gone, and gives the data folder free. */
  stop(): Promise<void>;
};

const payloadBytesMax = 1024 * 1024;
/**
 * The server reads its whole store before it answers; a large one on a slow disk takes a minute.
 */
const readyTimeoutMs = 2 * 60_000;

/**
 * Starts the nats-server of a data folder on loopback, or adopts the one that a killed Switchyard
 * left.
 *
 * - One Switchyard owns a data folder; nats-server does not lock its store, and two on one store
 *   lose acknowledged messages.
 * - Port and name are the folder's own (`nats/server.json`). A server found there counts as ours
 *   only by that name.
 * - It is started again when it dies; clients reconnect to the same address.
 * - Refusals, each a StartError that says what to do: another Switchyard runs in the folder;
 *   another program has the port; `server.json` is damaged; no nats-server can be had.
 */
export async function startEmbeddedNats(options: EmbeddedNatsOptions): Promise<EmbeddedNats> {
  await mkdir(options.dataDir, { recursive: true });
  const dataDir = await realpath(options.dataDir);
  const claim = await claimFolder(dataDir);
  if (claim.kind === 'owned') {
    throw new StartError(
      `A Switchyard (process ${claim.by.pid}) already runs in ${dataDir}. ` +
        'Stop it, or start this one with another SWITCHYARD_DATA_DIR.',
    );
  }
  try {
    const folder = join(dataDir, 'nats');
    const record = await readOrCreateServerRecord(folder, options.preferredPort ?? 4222);
    const child = await superviseServer(folder, record, options);
    return {
      url: `nats://127.0.0.1:${record.port}`,
      serverName: record.serverName,
      adopted: child.adopted,
      get pid() {
        return child.pid;
      },
      stop: async () => {
        await child.stop();
        await claim.release();
      },
    };
  } catch (caught) {
    await claim.release();
    throw caught;
  }
}

/**
 * How the server shares this machine with the process that talks to it.
 *
 * - `GOMAXPROCS`: Go code runs on half the cores. On two, one thread instead of two took a seventh
 *   off a job's latency, since no work is handed from one idle thread to the next.
 * - `GOGC`: garbage is collected when it is a fifth of what lives, not as much again. With
 *   100,000 waiting jobs the server took 77 to 86 MiB instead of 137.
 */
const goSettings = {
  GOMAXPROCS: String(Math.max(1, Math.floor(availableParallelism() / 2))),
  GOGC: '20',
};

function superviseServer(folder: string, record: ServerRecord, options: EmbeddedNatsOptions) {
  const { cacheDir, env, log, sync } = options;
  const searchPath = env['PATH'];
  const configPath = join(folder, 'nats-server.conf');
  const config = configText(folder, record, sync);
  return superviseChild({
    name: 'nats-server',
    folder,
    fingerprint: config,
    command: async () => {
      const { path } = await obtainNatsServer({ cacheDir, searchPath, log });
      await replaceFile(configPath, config);
      return { path, args: ['-c', configPath], env: { ...goSettings, ...env } };
    },
    beforeSpawn: () => assertPortFree(folder, record),
    isReady: async () => {
      const answer = await askPort(record.port);
      return answer.kind === 'nats' && answer.serverName === record.serverName && answer.jetstream;
    },
    readyTimeoutMs,
    log,
  });
}

async function assertPortFree(folder: string, { port, serverName }: ServerRecord): Promise<void> {
  const answer = await askPort(port);
  if (answer.kind === 'free') return;
  if (answer.kind === 'nats' && answer.serverName === serverName) {
    throw new StartError(
      `The nats-server of ${folder} runs on port ${port}, but not as a process that Switchyard ` +
        'started on this machine. Stop it, or set NATS_URL to use it as it is.',
    );
  }
  const who = answer.kind === 'nats' ? `a NATS server named "${answer.serverName}"` : 'a program';
  throw new StartError(
    `Port ${port}, where the nats-server of this data folder listens, is taken by ${who}. ` +
      'Stop it; or set NATS_URL, if it is the NATS server that you want to use; ' +
      `or delete ${join(folder, 'server.json')}: another port is chosen, and the stored jobs stay.`,
  );
}

/** No monitoring port: it has no authentication, and nothing of ours reads it. */
function configText(folder: string, { port, serverName }: ServerRecord, sync: string): string {
  const syncLine = sync === 'always' ? '\n  sync_interval: always' : '';
  return `
# Written by Switchyard at every start of the server; changes made here are lost.
server_name: ${serverName}
listen: "127.0.0.1:${port}"
max_payload: ${payloadBytesMax}
jetstream {
  store_dir: ${JSON.stringify(join(folder, 'store'))}${syncLine}
}
`;
}
