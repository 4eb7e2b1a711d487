/** A piece of a key at the end of a shortened message counts from this length on. */
const pieceMin = 6;

/**
 * A backend's own words without the key that we sent it: some servers repeat it when they refuse
 * a request.
 *
 * A message that was shortened may end in the middle of the key: that piece goes too.
 */
export function withoutKey(message: string, apiKey: string | undefined): string {
  if (!apiKey) return message;
  const text = message.replaceAll(apiKey, '[secret]');
  if (!text.endsWith('…')) return text;
  for (let length = apiKey.length - 1; length >= pieceMin; length -= 1) {
    const piece = `${apiKey.slice(0, length)}…`;
    if (text.endsWith(piece)) return `${text.slice(0, -piece.length)}[secret]…`;
  }
  return text;
}
