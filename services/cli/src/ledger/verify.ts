import { setTimeout as delay } from 'node:timers/promises';
import { Bus, withoutSecrets } from '@switchyard/bus';
import type { Verification } from '@switchyard/ledger';
import { CliError, failedExit } from '../cli-error.js';
import type { Context } from '../context.js';
import { findNats } from '../nats-place.js';
import { readSettings, type SettingsOptions } from '../settings.js';
import { show } from '../terminal.js';
import { readAndVerify } from './read-ledger.js';
import { verificationText, verificationView } from './verification-text.js';

/** What `switchyard ledger verify` takes. */
export type VerifyOptions = SettingsOptions & {
  readonly wait: number;
  readonly complete?: boolean;
};

const lookAgainMs = 1_000;

/**
 * `switchyard ledger verify`: holds every balance against the receipts of the attempts. Resolves to
 * the exit code: 0 where nothing differs.
 */
export async function verifyLedger(context: Context, options: VerifyOptions): Promise<number> {
  const { terminal } = context;
  const { url, source, greeting } = await findNats(readSettings(context.env, options));
  if (!greeting) {
    throw new CliError(`no NATS server answers at ${withoutSecrets(url)} (${source})`, {
      code: 'unavailable',
      remedy: 'Name the server that holds the ledger with --nats-url or NATS_URL.',
    });
  }
  const bus = await Bus.connect({ url, name: 'switchyard-cli' });
  try {
    const found = await verifySettled(bus, options.wait);
    show(terminal, verificationView(found), () => verificationText(found));
    const isWhole = found.pending.count === 0 && found.unreceipted.count === 0;
    return found.isRight && (isWhole || !options.complete) ? 0 : failedExit;
  } finally {
    await bus.drain();
  }
}

/** Looks again while something is so young that the ledger may not have read it. */
async function verifySettled(bus: Bus, waitMs: number): Promise<Verification> {
  const endMonoMs = performance.now() + waitMs;
  for (;;) {
    const found = await readAndVerify(bus, { nowMs: Date.now() });
    if (found.pending.count === 0 || performance.now() >= endMonoMs) return found;
    await delay(lookAgainMs);
  }
}
