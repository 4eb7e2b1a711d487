import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';

/**
 * The folder for everything that was fetched or generated and can be had again: programs, package
 * lists, the tiny model.
 *
 * - `XDG_CACHE_HOME` where it is an absolute path (relative ones are to be ignored, says its
 *   specification).
 * - Shared by all data folders of one user.
 *
 * @default ~/.cache/switchyard
 */
export function cacheFolder(xdgCacheHome: string | undefined, home = homedir()): string {
  const parent =
    xdgCacheHome !== undefined && isAbsolute(xdgCacheHome) ? xdgCacheHome : join(home, '.cache');
  return join(parent, 'switchyard');
}
