import { runCommand } from '../binaries/command.js';

/**
 * The oldest nats-server that has what the streams need (counters, schedules, atomic writes: 2.12).
 */
export const natsVersionMin = '2.12.0';

const versionTimeoutMs = 10_000;

/**
 * The version a nats-server binary names itself, without the leading `v`; rejects if it does not
 * run.
 */
export async function readNatsVersion(binary: string): Promise<string> {
  const output = await runCommand(binary, ['--version'], { timeoutMs: versionTimeoutMs });
  const version = /v(\d+\.\d+\.\d+\S*)/.exec(output)?.[1];
  if (version === undefined) throw new Error(`${binary} --version printed "${output.trim()}"`);
  return version;
}

/** True where `version` is natsVersionMin or newer; a pre-release counts as its release. */
export function isNewEnough(version: string): boolean {
  const [major = 0, minor = 0] = numbers(version);
  const [majorMin = 0, minorMin = 0] = numbers(natsVersionMin);
  return major > majorMin || (major === majorMin && minor >= minorMin);
}

const numbers = (version: string): number[] => version.split(/[.-]/, 3).map(Number);
