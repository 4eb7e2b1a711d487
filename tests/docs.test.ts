import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { loadConfig } from '@switchyard/config';
import { readJob } from '@switchyard/contracts';

const read = (path: string) => readFileSync(join(process.cwd(), path), 'utf8');
const pages = ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', ...pagesIn('docs')];

describe('the documentation', () => {
  it.each(pages)('%s links only to what exists', (page) => {
    const links = [...read(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link]) => link ?? '');
    const broken = links.filter((link) => {
      const [path = '', anchor] = link.split('#');
      if (/^https?:/.test(path)) return false;
      const file = path === '' ? page : join(dirname(page), path);
      return !existsSync(file) || (anchor !== undefined && !anchorsOf(file).has(anchor));
    });
    expect(broken).toEqual([]);
  });

  it('shows a configuration that can be used', () => {
    const [, yaml = ''] = /```yaml\n([\s\S]*?)```/.exec(read('docs/CONFIGURATION.md')) ?? [];
    const env = { TEAM_A_KEY_SHA256: '0'.repeat(64), CLOUD_API_KEY: 'secret' };
    const config = loadConfig({ env, cwd: process.cwd(), readFile: () => yaml });
    expect(config.backends.map(({ id }) => id)).toEqual(['gpu-box', 'cloud']);
    expect(config.poolStrategies).toEqual({ embedding: 'least_connections' });
  });

  it('gives the defaults in its configuration, where it gives no other value', () => {
    const [, yaml = ''] = /```yaml\n([\s\S]*?)```/.exec(read('docs/CONFIGURATION.md')) ?? [];
    const defaults = yaml
      .replaceAll(/^(api_keys|pools|backend_instances):.*\n(?: .*\n|\n(?= ))*/gm, '')
      .trim();
    const options = { env: {}, cwd: process.cwd() };
    const shown = loadConfig({ ...options, readFile: () => defaults });
    const actual = loadConfig({ ...options, readFile: () => '' });
    const { gateway: shownGateway, ...shownRest } = { ...shown, file: undefined };
    const { gateway, ...rest } = { ...actual, file: undefined };
    expect(shownRest).toEqual(rest);
    expect(shownGateway.port.value).toBe(gateway.port.value);
  });

  it('names every variable that is read, and no other', () => {
    const code = ['libs/config/src', 'services/cli/src']
      .flatMap((folder) =>
        readdirSync(folder, { recursive: true }).map((file) => join(folder, String(file))),
      )
      .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
      .map(read)
      .join('\n');
    const names = (text: string) => new Set(text.match(/\b(SWITCHYARD_[A-Z_]+|[A-Z]+_API_KEY)\b/g));
    const told = names(read('docs/CONFIGURATION.md').replaceAll(/```yaml[\s\S]*?```/g, ''));
    expect([...told].toSorted()).toEqual([...names(code)].toSorted());
  });

  it.each([
    ['README.md', 'switchyard-tiny'],
    ['docs/NATS-DOOR.md', 'MODEL'],
  ])('shows a submission over NATS that is a job: %s', (page, model) => {
    const [, subject = '', data = ''] =
      /(jobs\.submit\.\S+) \\\n\s+'(\{.*\})'/.exec(read(page)) ?? [];
    const job = readJob({
      subject,
      data: new TextEncoder().encode(data),
      contentType: undefined,
      derivedId: '',
      storedAtMs: 1,
    });
    expect(job).toMatchObject({ id: 'hello-1', kind: 'chat', account: 'default', model });
  });
});

function pagesIn(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true })
    .map((file) => join(folder, String(file)))
    .filter((file) => file.endsWith('.md'));
}

/** The anchors of a page's headings, as the usual renderers make them. */
function anchorsOf(file: string): ReadonlySet<string> {
  const headings = [...read(file).matchAll(/^#+ (.+)$/gm)].map(([, text]) => text ?? '');
  return new Set(
    headings.map((text) =>
      text
        .toLowerCase()
        .replaceAll(/[^\w\s-]/g, '')
        .replaceAll(' ', '-'),
    ),
  );
}
