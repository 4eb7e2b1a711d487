const split = new Map<string, readonly string[]>();

/** True where a subject matches a pattern with `*` and `>`. */
export function matches(pattern: string, subject: string): boolean {
  let wanted = split.get(pattern);
  if (!wanted) {
    wanted = pattern.split('.');
    split.set(pattern, wanted);
  }
  const tokens = subject.split('.');
  for (const [at, token] of wanted.entries()) {
    if (token === '>') return tokens.length > at;
    if (token !== '*' && token !== tokens[at]) return false;
  }
  return tokens.length === wanted.length;
}
