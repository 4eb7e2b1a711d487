/** One request as a trace tells it. There is no text in a trace. */
export type TraceRequest = {
  /** From the start of the trace. */
  readonly atMs: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** The prompt's full blocks, in order: equal ids stand for the same beginning. */
  readonly blockIds: readonly number[];
  /** @default 'default' */
  readonly account?: string;
  /** How long after its arrival it is due; not given = no deadline. */
  readonly deadlineInMs?: number;
};

/** Requests in the order of their arrival, the first at 0. */
export type Trace = {
  readonly name: string;
  /** Tokens of one block of `blockIds`. */
  readonly blockTokens: number;
  readonly requests: readonly TraceRequest[];
};

/** What is wrong with a line of a trace; `line` counts from 1. */
export type TraceFault = { readonly line: number; readonly problem: string };

/** A trace, or why the text is none. */
export type TraceRead =
  | { readonly kind: 'trace'; readonly trace: Trace }
  | { readonly kind: 'refused'; readonly faults: readonly TraceFault[] };

/** A request of more tokens than this is nobody's. */
const tokensMax = 10_000_000;
/** A trace of more than a year is no trace. */
const spanMsMax = 31_536_000_000;
/** The first faults tell enough. */
const faultsMax = 5;

/** Collects the requests of a trace, and what is wrong with its lines. */
export class TraceDraft {
  readonly #requests: TraceRequest[] = [];
  readonly #faults: TraceFault[] = [];

  /** True where enough is wrong to stop reading. */
  get isHopeless(): boolean {
    return this.#faults.length >= faultsMax;
  }

  /** Takes in a request, or says what is absurd of it. */
  add(line: number, request: TraceRequest): void {
    const problem = problemOf(request);
    if (problem === undefined) this.#requests.push(request);
    else this.refuse(line, problem);
  }

  /** Notes a line that cannot be read. */
  refuse(line: number, problem: string): void {
    if (this.#faults.length < faultsMax) this.#faults.push({ line, problem });
  }

  /** Puts the requests in order, the first at 0. */
  finish(name: string, blockTokens: number): TraceRead {
    if (this.#faults.length > 0) return { kind: 'refused', faults: this.#faults };
    if (this.#requests.length === 0) {
      return { kind: 'refused', faults: [{ line: 1, problem: 'there is no request in it' }] };
    }
    const sorted = this.#requests.sort((a, b) => a.atMs - b.atMs);
    const startMs = (sorted[0] as TraceRequest).atMs;
    const spanMs = (sorted.at(-1) as TraceRequest).atMs - startMs;
    if (spanMs > spanMsMax) {
      return { kind: 'refused', faults: [{ line: 1, problem: 'it takes more than a year' }] };
    }
    const requests = sorted.map((one) => ({ ...one, atMs: one.atMs - startMs }));
    return { kind: 'trace', trace: { name, blockTokens, requests } };
  }
}

function problemOf({ atMs, inputTokens, outputTokens, blockIds }: TraceRequest) {
  if (!Number.isFinite(atMs)) return 'its instant is no number';
  if (!isCount(inputTokens)) return `inputTokens ${inputTokens} is not a count of tokens`;
  if (!isCount(outputTokens)) return `outputTokens ${outputTokens} is not a count of tokens`;
  if (!blockIds.every((id) => Number.isSafeInteger(id) && id >= 0)) return 'a block has no id';
  return undefined;
}

const isCount = (tokens: number): boolean =>
  Number.isInteger(tokens) && tokens >= 0 && tokens <= tokensMax;

/**
 * The same trace with its requests `times` times as near to each other; 2 doubles the load.
 */
export const compressed = (trace: Trace, times: number): Trace => ({
  ...trace,
  requests: trace.requests.map((one) => ({ ...one, atMs: one.atMs / times })),
});
