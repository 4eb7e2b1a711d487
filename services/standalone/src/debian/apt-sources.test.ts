import {
  debianArchive,
  parseDeb822Sources,
  parseOneLineSources,
  privateSource,
} from './apt-sources.js';

const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg';

describe('parseDeb822Sources', () => {
  it('reads every paragraph, comments and folded lines included', () => {
    const text = [
      '# the mirror',
      'Types: deb deb-src',
      'URIs: http://deb.example/debian',
      'Suites: bookworm bookworm-updates',
      'Components: main contrib',
      `Signed-By: ${keyring}`,
      '',
      'Types: deb',
      'URIs: http://other.example/apt',
      'Suites: nodistro',
      'Components: main',
      'Signed-By:',
      ' -----BEGIN PGP PUBLIC KEY BLOCK-----',
      ' .',
      ' mQINBF',
      ' -----END PGP PUBLIC KEY BLOCK-----',
    ].join('\n');
    expect(parseDeb822Sources(text)).toEqual([
      {
        uris: ['http://deb.example/debian'],
        suites: ['bookworm', 'bookworm-updates'],
        components: ['main', 'contrib'],
        signedBy: keyring,
      },
      {
        uris: ['http://other.example/apt'],
        suites: ['nodistro'],
        components: ['main'],
        signedBy:
          '\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n mQINBF\n ' +
          '-----END PGP PUBLIC KEY BLOCK-----',
      },
    ]);
  });

  it.each([
    ['a disabled paragraph', 'Enabled: no\nTypes: deb\nURIs: u\nSuites: sid\nComponents: main'],
    ['sources of source packages', 'Types: deb-src\nURIs: u\nSuites: sid\nComponents: main'],
    ['an empty file', ''],
  ])('leaves out %s', (_, text) => {
    expect(parseDeb822Sources(text)).toEqual([]);
  });
});

describe('parseOneLineSources', () => {
  it('reads options, and leaves out comments and source packages', () => {
    const text = [
      '# deb http://old.example stable main',
      'deb-src http://deb.example/debian bookworm main',
      `deb [arch=amd64 signed-by=${keyring}] http://deb.example/debian bookworm main # mirror`,
      'deb http://bare.example/debian sid main contrib',
    ].join('\n');
    expect(parseOneLineSources(text)).toEqual([
      {
        uris: ['http://deb.example/debian'],
        suites: ['bookworm'],
        components: ['main'],
        signedBy: keyring,
      },
      {
        uris: ['http://bare.example/debian'],
        suites: ['sid'],
        components: ['main', 'contrib'],
        signedBy: undefined,
      },
    ]);
  });
});

describe('debianArchive', () => {
  const source = (suites: string[], components = ['main'], uris = [suites.join()]) => ({
    uris,
    suites,
    components,
    signedBy: keyring,
  });

  it.each([
    ['a release by name', [source(['bookworm'])], 'bookworm'],
    ['a release by rank', [source(['oldstable'])], 'oldstable'],
    ['the first of two', [source(['nodistro']), source(['sid']), source(['stable'])], 'sid'],
    ['no security suite', [source(['bookworm-security'])], undefined],
    ['no archive without main', [source(['bookworm'], ['contrib'])], undefined],
    ['no other distribution', [source(['noble'])], undefined],
  ])('takes %s', (_, sources, uri) => {
    expect(debianArchive(sources)?.uris[0]).toBe(uri);
  });
});

describe('privateSource', () => {
  it('keeps mirrors and keys, and never says trusted', () => {
    const [archive] = parseDeb822Sources(
      'Types: deb\nURIs: http://a http://b\nSuites: sid\nComponents: main\nTrusted: yes\n' +
        `Signed-By: ${keyring}`,
    );
    expect(privateSource(archive!, 'testing')).toBe(
      'Types: deb\nURIs: http://a http://b\nSuites: testing\nComponents: main\n' +
        `Signed-By: ${keyring}\n`,
    );
  });

  it('leaves the keys to apt where the machine names none', () => {
    const [archive] = parseOneLineSources('deb http://a sid main');
    expect(privateSource(archive!, 'sid')).toBe(
      'Types: deb\nURIs: http://a\nSuites: sid\nComponents: main\n',
    );
  });
});
