import { TraceDraft, type TraceRead } from './trace.js';

/** The formats that can be read. */
type TraceFormat = 'mooncake' | 'azure' | 'events';

/**
 * The trace that `text` is; the format is told by its first line.
 *
 * - `mooncake`: a JSON object a line, with `timestamp` (ms), `input_length`, `output_length` and
 *   `hash_ids`, blocks of 512 tokens.
 * - `azure`: CSV under `TIMESTAMP,ContextTokens,GeneratedTokens`. No prompt begins like another.
 * - `events`: our own log, a JSON object a line; lines with an `inputTokens` are requests (event-
 *   trace.ts), others are passed over.
 */
export function readTrace(name: string, text: string): TraceRead {
  const lines = text.split('\n');
  const readers = { mooncake: readMooncake, azure: readAzure, events: readEvents };
  return readers[formatOf(lines[0] ?? '')](name, lines);
}

/** The format that a first line is in. */
function formatOf(firstLine: string): TraceFormat {
  if (/^\uFEFF?TIMESTAMP,/i.test(firstLine)) return 'azure';
  return firstLine.includes('"input_length"') ? 'mooncake' : 'events';
}

const mooncakeBlockTokens = 512;

function readMooncake(name: string, lines: readonly string[]): TraceRead {
  const draft = new TraceDraft();
  forEachObject(lines, draft, (line, row) => {
    const blockIds = Array.isArray(row.hash_ids) ? (row.hash_ids as number[]) : [];
    draft.add(line, {
      atMs: numberIn(row.timestamp),
      inputTokens: numberIn(row.input_length),
      outputTokens: numberIn(row.output_length),
      blockIds,
    });
  });
  return draft.finish(name, mooncakeBlockTokens);
}

/** Azure's instants have seven decimals and no zone; `Date.parse` takes three, and a zone. */
function readAzure(name: string, lines: readonly string[]): TraceRead {
  const draft = new TraceDraft();
  for (let at = 1; at < lines.length && !draft.isHopeless; at += 1) {
    const cells = (lines[at] as string).trim().split(',');
    if (cells.length === 1 && cells[0] === '') continue;
    const [instant = '', inputTokens = '', outputTokens = ''] = cells;
    const [seconds = '', decimals = ''] = instant.split('.');
    draft.add(at + 1, {
      atMs: Date.parse(`${seconds.replace(' ', 'T')}Z`) + Number(`0.${decimals || 0}`) * 1000,
      inputTokens: cellNumber(inputTokens),
      outputTokens: cellNumber(outputTokens),
      blockIds: [],
    });
  }
  return draft.finish(name, mooncakeBlockTokens);
}

/**
 * Our own events: an object a line with `submittedAtMs` or `atMs`, `inputTokens` and `outputTokens`
 * (or `usage` with both), and where they are known `account`, `deadlineAtMs` and `blockIds`. A job
 * that is told twice counts once.
 */
function readEvents(name: string, lines: readonly string[]): TraceRead {
  const draft = new TraceDraft();
  const seen = new Set<string>();
  forEachObject(lines, draft, (line, row) => {
    const usage = objectIn(row.usage) ?? row;
    if (usage.inputTokens === undefined) return;
    const jobId = typeof row.jobId === 'string' ? row.jobId : `line ${line}`;
    if (seen.has(jobId)) return;
    seen.add(jobId);
    const atMs = numberIn(row.submittedAtMs ?? row.atMs);
    const deadlineAtMs = row.deadlineAtMs === undefined ? undefined : numberIn(row.deadlineAtMs);
    draft.add(line, {
      atMs,
      inputTokens: numberIn(usage.inputTokens),
      outputTokens: numberIn(usage.outputTokens ?? 0),
      blockIds: Array.isArray(row.blockIds) ? (row.blockIds as number[]) : [],
      ...(typeof row.account === 'string' ? { account: row.account } : {}),
      ...(deadlineAtMs === undefined ? {} : { deadlineInMs: deadlineAtMs - atMs }),
    });
  });
  return draft.finish(name, mooncakeBlockTokens);
}

type JsonObject = Readonly<Record<string, unknown>>;

function forEachObject(
  lines: readonly string[],
  draft: TraceDraft,
  take: (line: number, row: JsonObject) => void,
): void {
  for (let at = 0; at < lines.length && !draft.isHopeless; at += 1) {
    const text = (lines[at] as string).trim();
    if (text === '') continue;
    const row = parsed(text);
    if (row === undefined) draft.refuse(at + 1, 'it is no JSON object');
    else take(at + 1, row);
  }
}

function parsed(text: string): JsonObject | undefined {
  try {
    return objectIn(JSON.parse(text));
  } catch {
    return undefined;
  }
}

const objectIn = (value: unknown): JsonObject | undefined =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as JsonObject)
    : undefined;

/** ProtoJSON writes large whole numbers as text. */
const numberIn = (value: unknown): number =>
  typeof value === 'number' ? value : typeof value === 'string' ? cellNumber(value) : Number.NaN;

const cellNumber = (text: string): number => (text.trim() === '' ? Number.NaN : Number(text));
