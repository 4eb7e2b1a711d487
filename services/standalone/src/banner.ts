import { styleText } from 'node:util';

/** A backend as the first screen shows it. */
export type BannerBackend = {
  readonly id: string;
  /** What serves there: Ollama, OpenAI-compatible ... */
  readonly kind: string;
  /** Host and port. */
  readonly address: string;
  /** The models it lists; undefined while it has not said. */
  readonly models: readonly string[] | undefined;
  readonly note: string;
};

/** What the first screen says. */
export type BannerFacts = {
  readonly apiUrl: string;
  readonly natsUrl: string;
  readonly natsNote: string;
  /** The configuration file, or undefined where there is none. */
  readonly configFile: string | undefined;
  readonly backends: readonly BannerBackend[];
  /** Places where nothing usable was, each with why. */
  readonly notFound: readonly string[];
  /** What people should know before they go on. */
  readonly warnings: readonly string[];
  /** A model that answers now; undefined while there is none. */
  readonly model: string | undefined;
  /** True where a key is needed. */
  readonly needsKey: boolean;
  readonly readyMs: number;
};

/** How the first screen looks. */
export type BannerLook = { readonly isColoured: boolean; readonly widthColumns: number };

/** For a file or a pipe. */
const plain: BannerLook = { isColoured: false, widthColumns: 200 };

type Style = Parameters<typeof styleText>[0];

/** The first screen: where the doors are, what is behind them, and a line that works. */
export function bannerText(facts: BannerFacts, look: BannerLook = plain): string {
  const { isColoured, widthColumns } = look;
  const paint = (style: Style, text: string) =>
    isColoured ? styleText(style, text, { validateStream: false }) : text;
  const label = (text: string) => `  ${paint('dim', text.padEnd(10))}`;
  const width = `${facts.apiUrl}/api/docs`.length;
  const address = (url: string) => paint('cyan', url.padEnd(width));
  const seconds = (facts.readyMs / 1_000).toFixed(1);
  return [
    '',
    `  ${paint('bold', 'Switchyard is ready')} ${paint('dim', `after ${seconds} s`)}`,
    '',
    `${label('API')}${address(`${facts.apiUrl}/v1`)}  for OpenAI's SDKs`,
    `${label('')}${address(`${facts.apiUrl}/api/v1`)}  tasks, backends, statistics`,
    `${label('Docs')}${address(`${facts.apiUrl}/api/docs`)}`,
    `${label('NATS')}${address(facts.natsUrl)}  ${facts.natsNote}`,
    `${label('Settings')}${facts.configFile ?? 'none, all at their defaults'}`,
    '',
    `  ${paint('bold', 'Backends')}`,
    ...backendLines(facts.backends, widthColumns),
    ...notFoundLines(facts.notFound, paint),
    '',
    ...facts.warnings.map((warning) => `  ${paint('yellow', '!')} ${warning}`),
    ...(facts.warnings.length > 0 ? [''] : []),
    ...tryLines(facts, paint),
  ].join('\n');
}

const modelsShownMax = 3;

/** One line for each backend; its note on the next where the screen is too narrow for both. */
function backendLines(backends: readonly BannerBackend[], widthColumns: number): string[] {
  if (backends.length === 0) return ['    none yet'];
  const facts = backends.map(({ id, kind, address, models }) => [
    id,
    kind,
    address,
    modelsText(models),
  ]);
  const notes = backends.map(({ note }) => note);
  const wide = columns(facts.map((row, at) => [...row, notes[at] ?? '']));
  if (wide.every((line) => line.length <= widthColumns - 4)) return wide.map(indented);
  return columns(facts).flatMap((line, at) => {
    const note = notes[at];
    return note ? [indented(line), indented(`  ${note}`)] : [indented(line)];
  });
}

const indented = (line: string): string => `    ${line}`;

function modelsText(models: readonly string[] | undefined): string {
  if (!models) return 'does not answer yet';
  if (models.length === 0) return 'has no models yet';
  const shown = models.slice(0, modelsShownMax).join(', ');
  const more = models.length - modelsShownMax;
  return more > 0 ? `${shown} and ${more} more` : shown;
}

function notFoundLines(notFound: readonly string[], paint: (style: Style, text: string) => string) {
  if (notFound.length === 0) return [];
  return [paint('dim', `    not found: ${notFound.join(', ')}; looking again every 15 s`)];
}

function tryLines(facts: BannerFacts, paint: (style: Style, text: string) => string): string[] {
  const { apiUrl, model, needsKey } = facts;
  if (model === undefined) return ['  No model answers yet: npx switchyard doctor says why.', ''];
  const key = needsKey ? " -H 'Authorization: Bearer YOUR_KEY'" : '';
  const body = JSON.stringify({ model, messages: [{ role: 'user', content: question }] });
  return [
    `  ${paint('bold', 'Try it')}`,
    `    curl ${apiUrl}/v1/chat/completions -H 'Content-Type: application/json'${key} \\`,
    `      -d ${shellQuoted(body)}`,
    '',
  ];
}

const question = 'Where does this train go?';

/** A word as a POSIX shell takes it; names of models may hold anything. */
const shellQuoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

/** Rows with each column as wide as its widest cell. */
function columns(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]?.map((_, at) => Math.max(...rows.map((row) => row[at]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, at) => cell.padEnd(widths?.[at] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}
