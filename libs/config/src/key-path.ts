/** The path of a key in the file. */
export type KeyPath = readonly PropertyKey[];

/** A path as people write it: `api_keys[0].sha256`; `(file)` for the whole. */
export const keyText = (path: KeyPath): string =>
  path
    .map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`))
    .join('')
    .replace(/^\./, '') || '(file)';
