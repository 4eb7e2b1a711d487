import { mkdir, readFile, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import type { Log } from '@switchyard/domain';
import { request } from 'undici';
import { replaceFile } from '../children/exclusive-file.js';
import { type FolderClaim, claimFolder } from '../children/folder-claim.js';
import { findFreePort } from '../children/free-port.js';
import { type SupervisedChild, superviseChild } from '../children/supervised-child.js';
import { ensureTinyModel } from './model-file.js';
import { type EngineSearch, fetchEngine, findEngineOnPath } from './obtain-engine.js';
import { tinyModelName } from './tiny-model.js';

/** Where the engine lives and where it may be had from. */
export type EmbeddedEngineOptions = EngineSearch & {
  /** SWITCHYARD_DATA_DIR; the engine's port and log are in `<dataDir>/engine`. */
  readonly dataDir: string;
};

/** A real engine on loopback that speaks OpenAI's protocol, or why there is none. */
export type EmbeddedEngine =
  | {
      readonly kind: 'started';
      /** Without a path: `/v1/chat/completions`, `/v1/embeddings` and the rest follow it. */
      readonly url: string;
      readonly model: string;
      /** Of the engine process running now; undefined while it is being started again. */
      readonly pid: number | undefined;
      stop(): Promise<void>;
    }
  | { readonly kind: 'unavailable'; readonly reason: string };

/**
 * Requests served at once, and the tokens of context they share; enough for a first look, 62 MB of
 * memory.
 */
const slots = 4;
const contextTokens = 8_192;
const readyTimeoutMs = 20_000;
const askTimeoutMs = 2_000;

/**
 * Starts llama.cpp's server on the tiny generated model: tokens from a real engine on a machine
 * that has none.
 *
 * - The engine is the one on PATH if it serves our model, else a cached or fetched one.
 * - It is started again when it dies, on the same port; one left by a killed Switchyard is taken
 *   over.
 * - Never rejects: without an engine Switchyard still runs, and `reason` says what was tried.
 */
export async function startEmbeddedEngine(options: EmbeddedEngineOptions): Promise<EmbeddedEngine> {
  let claim: FolderClaim | undefined;
  try {
    const folder = join(options.dataDir, 'engine');
    await mkdir(folder, { recursive: true });
    claim = await claimFolder(await realpath(folder));
    if (claim.kind === 'owned') {
      return {
        kind: 'unavailable',
        reason: `process ${claim.by.pid} runs the engine of ${folder}`,
      };
    }
    const owned = claim;
    const port = await choosePort(folder);
    const child = await startFirstThatServes(folder, port, options);
    return {
      kind: 'started',
      url: `http://127.0.0.1:${port}`,
      model: tinyModelName,
      get pid() {
        return child.pid;
      },
      stop: () => child.stop().finally(() => owned.release()),
    };
  } catch (caught) {
    if (claim?.kind === 'claimed') await claim.release();
    return { kind: 'unavailable', reason: (caught as Error).message };
  }
}

async function startFirstThatServes(
  folder: string,
  port: number,
  options: EmbeddedEngineOptions,
): Promise<SupervisedChild> {
  const model = await ensureTinyModel(options.cacheDir);
  const onPath = await findEngineOnPath(options);
  if (onPath !== undefined) {
    const find = () => Promise.resolve(onPath);
    const child = await superviseEngine({ folder, port, model, find, log: options.log }).catch(
      (error: Error) => error,
    );
    if (!(child instanceof Error)) return child;
    options.log.warn({ path: onPath, error: child.message }, 'llama-server on PATH is of no use');
  }
  return superviseEngine({
    folder,
    port,
    model,
    find: () => fetchEngine(options),
    log: options.log,
  });
}

type EnginePlan = {
  readonly folder: string;
  readonly port: number;
  readonly model: string;
  readonly log: Log;
  readonly find: () => Promise<string>;
};

function superviseEngine({ folder, port, model, log, find }: EnginePlan): Promise<SupervisedChild> {
  const options = {
    '--model': model,
    '--alias': tinyModelName,
    '--host': '127.0.0.1',
    '--port': String(port),
    '--pooling': 'mean',
    '--parallel': String(slots),
    '--ctx-size': String(contextTokens),
  };
  const args = ['--embeddings', '--metrics', ...Object.entries(options).flat()];
  return superviseChild({
    name: 'llama-server',
    folder,
    fingerprint: args.join(' '),
    command: async () => ({ path: await find(), args }),
    beforeSpawn: async () => {
      if ((await findFreePort(port)) !== port) throw new Error(`port ${port} is taken`);
    },
    isReady: () => servesTinyModel(`http://127.0.0.1:${port}`),
    readyTimeoutMs,
    log,
  });
}

/**
 * The port of the last start if the engine left there still serves or nobody has it, else a free
 * one.
 */
async function choosePort(folder: string): Promise<number> {
  const path = join(folder, 'engine.json');
  const text = await readFile(path, 'utf8').catch(() => '');
  const last = Number(/"port":\s*(\d+)/.exec(text)?.[1] ?? 0);
  if (last !== 0 && (await servesTinyModel(`http://127.0.0.1:${last}`))) return last;
  const port = await findFreePort(last);
  await replaceFile(path, `${JSON.stringify({ port })}\n`);
  return port;
}

async function servesTinyModel(url: string): Promise<boolean> {
  try {
    const health = await ask(`${url}/health`);
    const models = health.ok ? await ask(`${url}/v1/models`) : health;
    return models.ok && models.text.includes(`"${tinyModelName}"`);
  } catch {
    return false;
  }
}

async function ask(url: string): Promise<{ readonly ok: boolean; readonly text: string }> {
  const signal = AbortSignal.timeout(askTimeoutMs);
  const { statusCode, body } = await request(url, { signal });
  return { ok: statusCode === 200, text: await body.text() };
}
