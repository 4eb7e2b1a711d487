/** One run of one row of the fault table. */
export type FaultRow = {
  /** Its number in the table, as `13.1`. */
  readonly row: string;
  readonly fault: string;
  /** Accepted jobs. */
  readonly submitted: number;
  /** Of those, the ones with an outcome. */
  readonly finished: number;
  readonly lost: number;
  /** Jobs with two different outcomes; left out where that cannot be seen. */
  readonly duplicated?: number;
  /** Outcomes written beyond the first of a job; left out where that cannot be seen. */
  readonly chargedTwice?: number;
  readonly failed: number;
  readonly expired: number;
  /** From the end of the fault, or where it has none from its beginning, until jobs run again. */
  readonly recoveryMs?: number;
  /** What else was measured, by its name and unit. */
  readonly figures?: Readonly<Record<string, number>>;
  /** What else was seen, in words. */
  readonly seen?: string;
  /** False where something the row must reach was not. @default true */
  readonly isPassed?: boolean;
};

const headings = [
  '#',
  'Fault',
  'Runs',
  'Submitted',
  'Finished',
  'Lost',
  'Duplicated',
  'Charged twice',
  'Failed',
  'Expired',
  'Recovery',
  'Measured',
] as const;

/**
 * The table in Markdown, one line for each number: runs of the same row become one, with counts
 * added up and what was measured as the least and the most.
 */
export function faultTable(rows: readonly FaultRow[]): string {
  const numbers = [...new Set(rows.map(({ row }) => row))].sort((a, b) => Number(a) - Number(b));
  const lines = numbers.map((number) => lineOf(rows.filter(({ row }) => row === number)));
  return [headings, headings.map(() => '---'), ...lines]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n');
}

function lineOf(runs: readonly FaultRow[]): readonly string[] {
  const sum = (pick: (run: FaultRow) => number | undefined) => {
    const counts = runs.map(pick).filter((count) => count !== undefined);
    return counts.length === 0 ? '?' : String(counts.reduce((total, count) => total + count, 0));
  };
  const passed = runs.filter(({ isPassed }) => isPassed !== false).length;
  const recoveries = runs.flatMap(({ recoveryMs }) =>
    recoveryMs === undefined ? [] : [recoveryMs / 1_000],
  );
  return [
    runs[0]?.row ?? '',
    runs.at(-1)?.fault ?? '',
    `${passed}/${runs.length}`,
    sum(({ submitted }) => submitted),
    sum(({ finished }) => finished),
    sum(({ lost }) => lost),
    sum(({ duplicated }) => duplicated),
    sum(({ chargedTwice }) => chargedTwice),
    sum(({ failed }) => failed),
    sum(({ expired }) => expired),
    recoveries.length > 0 ? `${span(recoveries)} s` : '',
    [...figuresOf(runs), ...seenBy(runs)].join('; '),
  ];
}

function figuresOf(runs: readonly FaultRow[]): readonly string[] {
  const names = new Set(runs.flatMap(({ figures = {} }) => Object.keys(figures)));
  return [...names].map((name) => {
    const values = runs.flatMap(({ figures }) => figures?.[name] ?? []);
    return `${name} ${span(values)}`;
  });
}

const seenBy = (runs: readonly FaultRow[]): readonly string[] => [
  ...new Set(runs.flatMap(({ seen }) => seen ?? [])),
];

/** The least and the most, or the one number that all are. */
function span(values: readonly number[]): string {
  const [least, most] = [Math.min(...values), Math.max(...values)].map(shown);
  return least === most ? `${least}` : `${least} to ${most}`;
}

/** Whole from a hundred on, else with one decimal where there is one. */
const shown = (value: number): string =>
  String(Math.abs(value) >= 100 ? Math.round(value) : Math.round(value * 10) / 10);
