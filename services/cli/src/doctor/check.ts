import { factsText } from '../terminal.js';

/** What the doctor found of one thing. */
export type Check = {
  readonly name: string;
  /**
   * `note`: worth knowing, nothing is wrong; `skipped`: something before it must be mended first.
   */
  readonly verdict: 'ok' | 'note' | 'failed' | 'skipped';
  readonly found: string;
  /** How to mend it; only where it failed or is worth knowing. */
  readonly remedy?: string;
};

/** All is well. */
export const ok = (name: string, found: string): Check => ({ name, verdict: 'ok', found });
/** Worth knowing, nothing is wrong. */
export const note = (name: string, found: string, remedy?: string): Check => ({
  name,
  verdict: 'note',
  found,
  ...(remedy ? { remedy } : {}),
});
/** Wrong, and how to mend it. */
export const failed = (name: string, found: string, remedy: string): Check => ({
  name,
  verdict: 'failed',
  found,
  remedy,
});
/** Not looked at: something before it must be mended first. */
export const skipped = (name: string, found: string): Check => ({
  name,
  verdict: 'skipped',
  found,
});

const marks = { ok: 'ok', note: 'note', failed: 'FAILED', skipped: 'skipped' } as const;

/** The findings as a person reads them, each with its remedy below it. */
export function checksText(checks: readonly Check[]): string {
  const width = Math.max(...checks.map(({ name }) => name.length));
  const lines = checks.flatMap(({ name, verdict, found, remedy }) => [
    `${marks[verdict].padEnd(7)}  ${name.padEnd(width)}  ${factsText([['', found]]).trimStart()}`,
    ...(remedy ? [`${' '.repeat(11 + width)}${remedy}`] : []),
  ]);
  const bad = checks.filter(({ verdict }) => verdict === 'failed').length;
  const verdict = bad === 0 ? 'Nothing is wrong.' : `${bad} of ${checks.length} failed.`;
  return [...lines, '', verdict].join('\n');
}
