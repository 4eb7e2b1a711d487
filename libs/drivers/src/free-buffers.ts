import { MessageChannel, type MessagePort } from 'node:worker_threads';

/** Below this a few reads wait for the collector as everything else does. */
const bytesMin = 1024 * 1024;
/** Smaller memory may be Node's pool, of which other buffers have their parts. */
const poolBytesMax = 16 * 1024;

let nowhere: MessagePort | undefined;

/**
 * Gives the memory of buffers from the network back at once; nobody may read them any more. Left
 * to the collector it piles up: what lies outside its heap makes it begin only after 64 MB.
 *
 * A message to a closed port takes what is transferred with it, and goes nowhere.
 */
export function freeBuffers(buffers: readonly Buffer[]): void {
  const bytes = buffers.reduce((sum, { length }) => sum + length, 0);
  if (bytes < bytesMin) return;
  nowhere ??= closedPort();
  for (const memory of new Set(buffers.map(({ buffer }) => buffer))) {
    if (memory instanceof ArrayBuffer && memory.byteLength > poolBytesMax) {
      nowhere.postMessage(undefined, [memory]);
    }
  }
}

function closedPort(): MessagePort {
  const { port1 } = new MessageChannel();
  port1.close();
  return port1;
}
