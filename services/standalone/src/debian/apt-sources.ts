/** One archive that this machine's apt is told to trust. */
export type AptSource = {
  readonly uris: readonly string[];
  readonly suites: readonly string[];
  readonly components: readonly string[];
  /**
   * Keyring path, fingerprints or an embedded key, exactly as written; undefined means apt's own
   * trusted keys.
   */
  readonly signedBy: string | undefined;
};

/**
 * Names by which Debian calls its releases; an archive that serves one of them serves testing and
 * sid too.
 */
const debianSuite = /^(bullseye|bookworm|trixie|forky|duke|sid|(old){0,2}stable|testing|unstable)$/;

/**
 * The Debian archive among this machine's sources: the first enabled one that serves the `main` of
 * a release of Debian.
 *
 * Security and update suites have other names or addresses and are never taken.
 */
export const debianArchive = (sources: readonly AptSource[]): AptSource | undefined =>
  sources.find(
    ({ suites, components }) =>
      components.includes('main') && suites.some((suite) => debianSuite.test(suite)),
  );

/**
 * The sources of a `.sources` file (deb822 paragraphs); disabled ones and those of source packages
 * are left out.
 */
export function parseDeb822Sources(text: string): AptSource[] {
  return text
    .split(/\n[ \t]*\n/)
    .map(parseParagraph)
    .filter((fields) => words(fields.get('types')).includes('deb'))
    .filter((fields) => !/^(no|false|0|off|disable)$/i.test(fields.get('enabled')?.trim() ?? ''))
    .map((fields) => ({
      uris: words(fields.get('uris')),
      suites: words(fields.get('suites')),
      components: words(fields.get('components')),
      signedBy: fields.get('signed-by'),
    }));
}

/** The sources of a one-line-style file: `deb [options] uri suite component...`. */
export function parseOneLineSources(text: string): AptSource[] {
  return text.split('\n').flatMap((line) => {
    const match = /^\s*deb\s+(?:\[([^\]]*)\]\s*)?([^#]+)/.exec(line);
    if (match === null) return [];
    const [uri, suite, ...components] = words(match[2]);
    if (uri === undefined || suite === undefined) return [];
    const signedBy = /(?:^|\s)signed-by=(\S+)/i.exec(match[1] ?? '')?.[1]?.replaceAll(',', ' ');
    return [{ uris: [uri], suites: [suite], components, signedBy }];
  });
}

/**
 * A deb822 paragraph for one suite's `main` on the same mirrors, under the same keys; never marked
 * as trusted.
 */
export const privateSource = ({ uris, signedBy }: AptSource, suite: string): string =>
  [
    'Types: deb',
    `URIs: ${uris.join(' ')}`,
    `Suites: ${suite}`,
    'Components: main',
    ...(signedBy === undefined ? [] : [`Signed-By: ${signedBy}`]),
    '',
  ].join('\n');

/**
 * Fields by lower-case name; lines that go on keep their line breaks, as an embedded key needs
 * them.
 */
function parseParagraph(paragraph: string): Map<string, string> {
  const fields = new Map<string, string>();
  let last = '';
  for (const line of paragraph.split('\n')) {
    if (line.startsWith('#')) continue;
    const [, name, value] = /^([A-Za-z-]+):\s*(.*)$/.exec(line) ?? [];
    if (name !== undefined && value !== undefined) {
      last = name.toLowerCase();
      fields.set(last, value.trimEnd());
    } else if (/^\s+\S/.test(line) && last !== '') {
      fields.set(last, `${fields.get(last)}\n${line.trimEnd()}`);
    }
  }
  return fields;
}

const words = (text: string | undefined): string[] => (text ?? '').split(/\s+/).filter(Boolean);
