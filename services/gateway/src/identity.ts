import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { AppError } from '@switchyard/domain';
import type { ApiKey } from './settings.js';

/** Everybody where no keys are configured: the door is on loopback then. */
const everybody: Caller = { account: 'default', isAdmin: true };

/** Who asks. */
export type Caller = {
  readonly account: string;
  readonly isAdmin: boolean;
  /** Name of the API key; absent where nobody needs one. */
  readonly apiKey?: string;
};

type Known = { readonly digest: Buffer; readonly caller: Caller };

/**
 * Who asks: the account comes from the API key and from nothing else.
 *
 * Keys are looked up by their SHA-256 and compared in constant time, so neither the key nor its
 * digest can be guessed byte by byte.
 */
export class Identity {
  #known: ReadonlyMap<string, Known> = new Map();

  constructor(apiKeys: readonly ApiKey[]) {
    this.accept(apiKeys);
  }

  /** From now on these keys are known, and no others. */
  accept(apiKeys: readonly ApiKey[]): void {
    this.#known = new Map(
      apiKeys.map(({ name, sha256, account, isAdmin = false }) => {
        const digest = Buffer.from(sha256, 'hex');
        return [digest.toString('latin1'), { digest, caller: { account, isAdmin, apiKey: name } }];
      }),
    );
  }

  /** True where nobody needs a key. */
  get isOpen(): boolean {
    return this.#known.size === 0;
  }

  /** Whose request it is. Throws AppError `unauthenticated`. */
  callerOf(headers: IncomingHttpHeaders): Caller {
    if (this.isOpen) return everybody;
    const key = keyOf(headers);
    if (!key) {
      throw new AppError('unauthenticated', 'no API key: send it as "Authorization: Bearer <key>"');
    }
    const digest = createHash('sha256').update(key).digest();
    const known = this.#known.get(digest.toString('latin1'));
    if (!known || !timingSafeEqual(known.digest, digest)) {
      throw new AppError('unauthenticated', 'the API key is not known');
    }
    return known.caller;
  }
}

const bearer = /^Bearer +(\S+)$/i;

function keyOf(headers: IncomingHttpHeaders): string | undefined {
  const { authorization } = headers;
  if (authorization) return bearer.exec(authorization)?.[1];
  const key = headers['x-api-key'];
  return typeof key === 'string' ? key : undefined;
}
