import { randomBytes } from 'node:crypto';
import { buckets } from '@switchyard/contracts';
import { AppError } from '@switchyard/domain';
import type { Bus } from './bus.js';

/**
 * What all instances on one NATS share: a public id, and the secret from which keyed job ids are
 * made.
 */
export type Installation = { readonly id: string; readonly secret: Buffer };

type Stored = { readonly id: string; readonly secret: string };

const key = 'installation';

/** Reads the installation; whoever comes first makes it. Throws AppError `unavailable`. */
export async function readInstallation(bus: Bus): Promise<Installation> {
  const settings = await bus.keyValues<Stored>(buckets.settings.name);
  const found = (await settings.get(key))?.value;
  if (found) return toInstallation(found);
  const made: Stored = {
    id: `sy-${randomBytes(9).toString('base64url')}`,
    secret: randomBytes(32).toString('base64url'),
  };
  if (await settings.create(key, made)) return toInstallation(made);
  const other = (await settings.get(key))?.value;
  if (!other) throw new AppError('unavailable', 'the settings bucket cannot be written');
  return toInstallation(other);
}

const toInstallation = ({ id, secret }: Stored): Installation => ({
  id,
  secret: Buffer.from(secret, 'base64url'),
});
