const secretKeys = /^(api_key|apiKey|sha256|key|token|password|secret)$/;
const shownMax = 60;

/** A bad value for a message: as JSON, short, and masked where it may be a secret. */
export function showValue(value: unknown, path: readonly PropertyKey[]): string | undefined {
  if (value === undefined) return undefined;
  if (path.some((key) => secretKeys.test(String(key)))) return '***';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object' && value !== null) return 'a mapping';
  const shown = withoutCredentials(JSON.stringify(value));
  return shown.length > shownMax ? `${shown.slice(0, shownMax)}...` : shown;
}

/** `text` with the user and password of every address in it masked. */
export const withoutCredentials = (text: string): string =>
  text.replaceAll(/:\/\/[^/\s,"]*@/g, '://***@');
