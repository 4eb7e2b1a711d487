import { randomBytes } from 'node:crypto';
import { link, open, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/**
 * Creates the file with its whole content, or leaves the one that is there: true for exactly one of
 * many callers.
 *
 * Nobody ever reads half of it: the content is written under another name first and then linked,
 * which fails where the name is taken. File systems without links get O_EXCL instead.
 */
export async function createExclusively(path: string, text: string): Promise<boolean> {
  const temporary = temporaryName(path);
  await writeFile(temporary, text, { flag: 'wx' });
  try {
    await link(temporary, path);
    return true;
  } catch (caught) {
    const { code } = caught as NodeJS.ErrnoException;
    if (code === 'EEXIST') return false;
    if (code !== 'EPERM' && code !== 'ENOTSUP' && code !== 'ENOSYS') throw caught;
    return createInPlace(path, text);
  } finally {
    await rm(temporary, { force: true });
  }
}

/** Replaces the file in one step: a reader sees the old content or the new. */
export async function replaceFile(path: string, content: string | Uint8Array): Promise<void> {
  const temporary = temporaryName(path);
  await writeFile(temporary, content, { flag: 'wx' });
  await rename(temporary, path);
}

/** A name beside `path` that nobody else uses. */
const temporaryName = (path: string): string =>
  join(dirname(path), `.tmp-${process.pid}-${randomBytes(6).toString('hex')}`);

async function createInPlace(path: string, text: string): Promise<boolean> {
  try {
    const file = await open(path, 'wx');
    await file.writeFile(text).finally(() => file.close());
    return true;
  } catch (caught) {
    if ((caught as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw caught;
  }
}
