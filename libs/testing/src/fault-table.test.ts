import { type FaultRow, faultTable } from './fault-table.js';

const run = (changes: Partial<FaultRow>): FaultRow => ({
  row: '1',
  fault: 'kill',
  submitted: 10,
  finished: 10,
  lost: 0,
  duplicated: 0,
  chargedTwice: 0,
  failed: 0,
  expired: 0,
  ...changes,
});

const cells = (rows: readonly FaultRow[], line = 0): readonly string[] =>
  (faultTable(rows).split('\n')[2 + line] ?? '')
    .slice(2, -2)
    .split(' | ')
    .map((cell) => cell.trim());

describe('faultTable', () => {
  it('makes one line of the runs of a row: counts added up, figures from least to most', () => {
    const figures = (exitMs: number) => ({ 'exit ms': exitMs });
    expect(
      cells([
        run({ recoveryMs: 8_900, figures: figures(563), seen: 'all well' }),
        run({ recoveryMs: 12_040, figures: figures(237), seen: 'all well', failed: 2 }),
      ]),
    ).toEqual(
      ['1', 'kill', '2/2', '20', '20', '0', '0', '0', '2', '0', '8.9 to 12 s'].concat(
        'exit ms 237 to 563; all well',
      ),
    );
  });

  it('counts a run that did not reach what it must, and one lost job in any run', () => {
    const [, , runs, , , lost] = cells([run({}), run({ isPassed: false, lost: 1 })]);
    expect([runs, lost]).toEqual(['1/2', '1']);
  });

  it('sorts rows by their number', () => {
    const rows = ['13.1', '2', '13'].map((row) => run({ row }));
    expect([0, 1, 2].map((line) => cells(rows, line)[0])).toEqual(['2', '13', '13.1']);
  });
});
