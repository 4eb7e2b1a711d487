import type { Backend } from '@switchyard/domain';
import type { Sighting } from './discovery/finder.js';

/** What the first screen says. */
export type BannerFacts = {
  readonly apiUrl: string;
  readonly natsUrl: string;
  readonly natsNote: string;
  /** Set where the usual port was taken. */
  readonly portNote: string | undefined;
  readonly isOpen: boolean;
  readonly backends: readonly Backend[];
  /** Absent where backends are configured, so that nothing was looked for. */
  readonly sightings: readonly Sighting[] | undefined;
  /** Why there is no engine of our own, where one was wanted. */
  readonly engineNote: string | undefined;
  /** A model that answers now, for the line to copy. */
  readonly model: string | undefined;
  readonly readyMs: number;
};

/** The first screen: where the doors are, what is behind them, and a line that works. */
export function bannerText(facts: BannerFacts): string {
  const lines = [
    '',
    `  Switchyard is ready (${(facts.readyMs / 1_000).toFixed(1)} s)`,
    '',
    `  API       ${facts.apiUrl}/v1        OpenAI-compatible`,
    `            ${facts.apiUrl}/api/v1    tasks, backends, statistics`,
    `  Docs      ${facts.apiUrl}/api/docs`,
    `  NATS      ${facts.natsUrl}  ${facts.natsNote}`,
    ...(facts.portNote ? [`  Note      ${facts.portNote}`] : []),
    ...(facts.isOpen ? ['  Access    open to this machine; add API keys before you listen on another address'] : []),
    '',
    '  Backends',
    ...facts.backends.map((backend) => `    ${backendLine(backend)}`),
    ...(facts.backends.length === 0 ? ['    none yet'] : []),
    ...missing(facts),
    ...(facts.engineNote ? [`    no engine of our own: ${facts.engineNote}`] : []),
    '',
    ...(facts.model ? ['  Try it', ...curlLines(facts.apiUrl, facts.model, facts.isOpen), ''] : []),
  ];
  return lines.join('\n');
}

function backendLine(backend: Backend): string {
  const notes = [
    backend.simulated ? 'SIMULATED: its answers are made up' : '',
    backend.lastResort ? 'paid: only for models that no local backend has' : '',
  ].filter(Boolean);
  const note = notes.length > 0 ? `  (${notes.join('; ')})` : '';
  return `${backend.id.padEnd(18)}${backend.kind.padEnd(19)}${backend.endpointUrl}${note}`;
}

function missing({ sightings, backends }: BannerFacts): string[] {
  if (!sightings) return [];
  const known = new Set(backends.map((backend) => backend.id));
  const absent = sightings.filter(({ place }) => !known.has(place.id));
  if (absent.length === 0) return [];
  const said = absent.map(({ place, found }) => {
    const why = found.kind === 'nothing' ? '' : found.kind === 'switchyard' ? ', a Switchyard is there' : ', something else is there';
    return `${place.name} (${place.port}${why})`;
  });
  return [`    not found: ${said.join(', ')}; looking on`];
}

const curlLines = (apiUrl: string, model: string, isOpen: boolean): string[] => [
  `    curl ${apiUrl}/v1/chat/completions -H 'Content-Type: application/json'${isOpen ? '' : " -H 'Authorization: Bearer YOUR_KEY'"} \\`,
  `      -d '{"model":"${model}","messages":[{"role":"user","content":"Where does this train go?"}]}'`,
];
