import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EnvHttpProxyAgent, fetch } from 'undici';
import { runCommand } from '../binaries/command.js';
import type { Release } from './releases.js';

/**
 * A machine that cannot reach the release must not hang at start; a slow link may take minutes for
 * 7 MB.
 */
const connectTimeoutMs = 3_000;
const headersTimeoutMs = 10_000;
const downloadTimeoutMs = 10 * 60_000;
const archiveBytesMax = 64 * 1024 * 1024;

/**
 * Downloads the release's archive for this platform, verifies its checksum and unpacks it below
 * `into`.
 *
 * - Returns the path of the program.
 * - Rejects, with nothing unpacked, when the platform is not listed, the address cannot be reached
 *   within 3 s, or the sum differs.
 */
export async function fetchOfficialRelease(
  release: Release,
  into: string,
  platform = `${process.platform}-${process.arch}`,
): Promise<string> {
  const archive = release.archives[platform];
  if (archive === undefined) throw new Error(`no checksum is pinned for ${platform}`);
  const bytes = await download(`${release.baseUrl}/${archive.file}`);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  if (sha256 !== archive.sha256) {
    throw new Error(`${archive.file} has SHA-256 ${sha256}, pinned is ${archive.sha256}`);
  }
  const path = join(into, archive.file);
  await writeFile(path, bytes);
  await runCommand('tar', ['-xf', path, '-C', into], { timeoutMs: 60_000 });
  const program = process.platform === 'win32' ? 'nats-server.exe' : 'nats-server';
  return join(into, archive.file.replace(/\.(tar\.gz|zip)$/, ''), program);
}

async function download(url: string): Promise<Buffer> {
  const agent = new EnvHttpProxyAgent({
    connect: { timeout: connectTimeoutMs },
    headersTimeout: headersTimeoutMs,
  });
  try {
    const signal = AbortSignal.timeout(downloadTimeoutMs);
    const response = await fetch(url, { dispatcher: agent, signal });
    if (!response.ok) throw new Error(`answered ${response.status}`);
    const sizeBytes = Number(response.headers.get('content-length') ?? 0);
    if (sizeBytes > archiveBytesMax) throw new Error(`${sizeBytes} bytes are too many`);
    return Buffer.from(await response.arrayBuffer());
  } catch (caught) {
    const { message, cause } = caught as Error;
    throw new Error(`${url}: ${cause instanceof Error ? cause.message : message}`, {
      cause: caught,
    });
  } finally {
    await agent.destroy();
  }
}
