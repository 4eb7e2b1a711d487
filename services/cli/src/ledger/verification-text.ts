import type { Difference, DifferenceKind, Verification } from '@switchyard/ledger';
import { tableText } from '../terminal.js';

/** A verification as `--json` prints it. */
export function verificationView(found: Verification): object {
  const { isRight, differences, balances, looked, pending, receipted, unreceipted } = found;
  const { untilMs } = unreceipted;
  const until = untilMs === undefined ? null : new Date(untilMs).toISOString();
  return {
    is_right: isRight,
    differences: differences.map((difference) => ({
      kind: difference.kind,
      column: difference.column,
      scopes: difference.scopes,
      expected_scopes: difference.expectedScopes ?? difference.scopes,
      job_id: difference.jobId ?? null,
      attempt_no: difference.attemptNo ?? null,
      expected_usd_micros: difference.expectedUsdMicros,
      found_usd_micros: difference.foundUsdMicros,
      ledger_seqs: difference.ledgerSeqs,
      cell_seq: difference.cellSeq ?? null,
      why: difference.why ?? meanings[difference.kind],
    })),
    balances: balances.map((balance) => ({
      scope: balance.scope,
      spent_usd_micros: balance.spentUsdMicros,
      expected_spent_usd_micros: balance.expectedSpentUsdMicros,
      held_usd_micros: balance.heldUsdMicros,
      expected_held_usd_micros: balance.expectedHeldUsdMicros,
    })),
    bookings: looked.bookings,
    cells: looked.cells,
    late_receipts: looked.lateReceipts,
    compared: { bookings: receipted.count, usd_micros: receipted.usdMicros },
    not_compared: { bookings: unreceipted.count, usd_micros: unreceipted.usdMicros, until },
    pending: { count: pending.count, usd_micros: pending.usdMicros },
    unpriced: found.unpriced,
  };
}

/** A verification for people. */
export function verificationText(found: Verification): string {
  const { isRight, differences, looked, receipted } = found;
  const lines = [
    `${looked.bookings} bookings against ${looked.cells} jobs and ${looked.lateReceipts} late` +
      ` receipts; ${receipted.count} compared with the receipts of their attempts,` +
      ` ${micros(receipted.usdMicros)} millionths of a US dollar.`,
    ...notesOf(found),
  ];
  if (isRight) return [...lines, 'Every balance is what the receipts say.'].join('\n');
  return [
    ...lines,
    '',
    `${differences.length} difference(s), amounts in millionths of a US dollar:`,
    '',
    tableText(
      ['what', 'job', 'attempt', 'expected', 'found', 'ledger', 'cell', 'why'],
      differences.map(lineOf),
    ),
    '',
    balancesText(found),
  ].join('\n');
}

const meanings: Readonly<Record<DifferenceKind, string>> = {
  not_booked: 'a receipt shows it, the ledger does not',
  booked_twice: 'it stands more than once',
  another_amount: 'not what the receipt shows',
  another_scope: 'booked for somebody or something else',
  no_receipt: 'nothing shows that it was spent',
  no_end: 'held for an attempt that is over',
  no_hold: 'ends a hold that was not open, or not of that amount',
  held_twice: 'held again while it was held',
  beyond_hold: 'posted beyond its hold, and not as overrun',
  missing_entries: 'entries are missing',
  fold: 'the balance is not the sum of its entries',
};

function notesOf({ pending, unreceipted, unpriced }: Verification): string[] {
  const notes: string[] = [];
  if (pending.count > 0) {
    notes.push(
      `${pending.count} so young that the ledger may not have read them:` +
        ` ${micros(pending.usdMicros)}.`,
    );
  }
  if (unreceipted.count > 0) {
    const until = new Date(unreceipted.untilMs ?? 0).toISOString();
    notes.push(
      `${unreceipted.count} bookings until ${until} have no receipt any longer:` +
        ` ${micros(unreceipted.usdMicros)}. Outcomes are kept for a day; these were only checked` +
        ' against each other.',
    );
  }
  if (unpriced > 0) {
    notes.push(`${unpriced} attempt(s) without a known price: what they cost is in no sum.`);
  }
  return notes;
}

const lineOf = (difference: Difference): string[] => [
  difference.kind,
  difference.jobId ?? difference.scopes.join(' '),
  difference.attemptNo === undefined ? '' : String(difference.attemptNo),
  `${difference.column} ${micros(difference.expectedUsdMicros)}`,
  micros(difference.foundUsdMicros),
  difference.ledgerSeqs.join(' '),
  difference.cellSeq === undefined ? '' : String(difference.cellSeq),
  difference.why ?? meanings[difference.kind],
];

function balancesText({ balances }: Verification): string {
  const wrong = balances.filter(
    (balance) =>
      balance.spentUsdMicros !== balance.expectedSpentUsdMicros ||
      balance.heldUsdMicros !== balance.expectedHeldUsdMicros,
  );
  if (wrong.length === 0) return 'No balance is changed by them.';
  return tableText(
    ['balance', 'spent expected', 'found', 'held expected', 'found'],
    wrong.map((balance) => [
      balance.scope,
      micros(balance.expectedSpentUsdMicros),
      micros(balance.spentUsdMicros),
      micros(balance.expectedHeldUsdMicros),
      micros(balance.heldUsdMicros),
    ]),
  );
}

/** Such as `1,234,567`. */
const micros = (usdMicros: number): string => usdMicros.toLocaleString('en-US');
