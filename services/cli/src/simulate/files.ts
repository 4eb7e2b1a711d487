import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { gunzipSync } from 'node:zlib';
import {
  type BackendSpec,
  fleetOf,
  readFleet,
  readTrace,
  type Trace,
} from '@switchyard/routing/simulator';
import { parse } from 'yaml';
import { CliError, usageError } from '../cli-error.js';

/** A trace unpacked is at most so large. */
const sizeBytesMax = 512 * 1024 * 1024;
/** As many backends as there are where no file describes them. */
const defaultBackends = 16;

/** Reads a trace; a file that is gzip is unpacked first. */
export async function readTraceFile(file: string): Promise<Trace> {
  const read = readTrace(basename(file), await readText(file));
  if (read.kind === 'trace') return read.trace;
  const faults = read.faults.map(({ line, problem }) => `line ${line}: ${problem}`);
  throw usageError(`${file} is no trace: ${faults.join('; ')}`);
}

/** Reads backends from JSON or YAML: a list, or an object with a list `backends`. */
export async function readFleetFile(file: string | undefined): Promise<readonly BackendSpec[]> {
  if (file === undefined) return fleetOf(defaultBackends);
  const value = parsed(file, await readText(file));
  const list = (value as { backends?: unknown } | null)?.backends ?? value;
  const read = readFleet(list);
  if (read.kind === 'fleet') return read.fleet;
  throw usageError(`${file} describes no backends: ${read.problems.join('; ')}`);
}

function parsed(file: string, text: string): unknown {
  try {
    return parse(text);
  } catch (caught) {
    throw usageError(`${file} is neither JSON nor YAML: ${(caught as Error).message}`);
  }
}

async function readText(file: string): Promise<string> {
  const bytes = await readFile(file).catch((caught: Error) => {
    throw new CliError(`${file} cannot be read: ${caught.message}`);
  });
  const isGzip = bytes[0] === 0x1f && bytes[1] === 0x8b;
  if (!isGzip) return bytes.toString('utf8');
  try {
    return gunzipSync(bytes, { maxOutputLength: sizeBytesMax }).toString('utf8');
  } catch (caught) {
    throw usageError(`${file} cannot be unpacked: ${(caught as Error).message}`);
  }
}
