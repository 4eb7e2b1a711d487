import { createHash } from 'node:crypto';
import { access, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { replaceFile } from '../children/exclusive-file.js';
import { buildTinyModel, tinyModelName } from './tiny-model.js';

/** To be raised when the generator writes another file for the same corpus. */
const generatorRevision = 1;

/**
 * Path of the tiny model's file in the cache, generated there (35 MB, half a second) if it is not
 * there yet.
 */
export async function ensureTinyModel(cacheDir: string): Promise<string> {
  const corpus = await readFile(new URL('./corpus.txt', import.meta.url), 'utf8');
  const hash = createHash('sha256').update(`${generatorRevision}\n${corpus}`).digest('hex');
  const folder = join(cacheDir, 'models');
  const path = join(folder, `${tinyModelName}-${hash.slice(0, 12)}.gguf`);
  const isThere = await access(path).then(
    () => true,
    () => false,
  );
  if (isThere) return path;
  await mkdir(folder, { recursive: true });
  await replaceFile(path, buildTinyModel(corpus));
  return path;
}
