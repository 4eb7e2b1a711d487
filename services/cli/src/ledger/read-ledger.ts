import type { Bus, StoredMessage } from '@switchyard/bus';
import {
  decode,
  jobFromBinary,
  lastToken,
  type WireCell,
  type WireLateReceipt,
} from '@switchyard/contracts';
import { AppError } from '@switchyard/domain';
import { type Booking, LedgerVerifier, type Verification } from '@switchyard/ledger';
import { seenCellOf, seenLateReceiptOf } from './seen-cell.js';

type LedgerBus = Pick<Bus, 'follow' | 'readSome' | 'streamState'>;

const batchMax = 2_000;
/** Queues that a job waits in, or is on its way to its backend in. */
const queues = ['JOBS', 'RETRIES', 'DISPATCH'] as const;

/**
 * Reads the receipts, then the ledger, and compares: what happens meanwhile is in the ledger and
 * not in the receipts, and counts as pending. Nothing is written, and no service is asked.
 */
export async function readAndVerify(
  bus: LedgerBus,
  options: { readonly nowMs: number; readonly graceMs?: number },
): Promise<Verification> {
  const { createdAtMs: madeAtMs, lastSeq } = await bus.streamState('STATE');
  const verifier = new LedgerVerifier({ madeAtMs, lastSeq });
  await readAll(bus, 'STATE', (data, subject, place) => {
    const jobId = lastToken(subject);
    // Without a body it only says that the cell is gone.
    if (data.length > 0) verifier.addCell(seenCellOf(decode<WireCell>(data), jobId, place));
  });
  if (await hasStream(bus, 'RECEIPTS')) {
    await readAll(bus, 'RECEIPTS', (data, _subject, place) => {
      const late = seenLateReceiptOf(decode<WireLateReceipt>(data), place);
      if (late) verifier.addLate(late);
    });
  }
  const missing = await readLedger(bus, verifier);
  const queued = await jobsQueued(bus, verifier.jobsWithoutCell());
  return verifier.verify({ ...options, queued, missing });
}

/** Adds every booking; resolves to the sequences that should be there and are not. */
async function readLedger(bus: LedgerBus, verifier: LedgerVerifier) {
  const missing: (readonly [number, number])[] = [];
  const { lastSeq } = await bus.streamState('LEDGER');
  let next = 1;
  for await (const { seq, data } of messagesOf(bus, 'LEDGER', lastSeq)) {
    if (seq > next) missing.push([next, seq - 1]);
    next = seq + 1;
    const booking = bookingOf(data);
    if (booking) verifier.add(seq, booking);
    else verifier.addUnreadable(seq, 'this message is no booking');
  }
  if (next <= lastSeq) missing.push([next, lastSeq]);
  return missing;
}

function bookingOf(data: Uint8Array): Booking | undefined {
  try {
    const booking = decode<Partial<Booking>>(data);
    const isBooking = typeof booking.jobId === 'string' && Array.isArray(booking.entries);
    return isBooking ? (booking as Booking) : undefined;
  } catch {
    return undefined;
  }
}

/** Messages up to a sequence; the next batch is on its way while one is handled. */
async function* messagesOf(
  bus: LedgerBus,
  stream: string,
  lastSeq: number,
): AsyncGenerator<StoredMessage> {
  const read = (from: number) =>
    from > lastSeq ? Promise.resolve([]) : bus.readSome(stream, from, batchMax);
  for (let batch = await read(1); batch.length > 0; ) {
    const upcoming = read((batch.at(-1)?.seq ?? lastSeq) + 1);
    // Told where it is awaited; a reader that stops before leaves it to itself.
    upcoming.catch(() => {});
    for (const message of batch) if (message.seq <= lastSeq) yield message;
    batch = await upcoming;
  }
}

/** Reads a stream to its end, once. Throws AppError `unavailable`. */
async function readAll(
  bus: LedgerBus,
  stream: string,
  tell: (
    data: Uint8Array,
    subject: string,
    place: { readonly seq: number; readonly storedAtMs: number },
  ) => void,
): Promise<void> {
  let problem: unknown;
  const stop = await bus.follow({
    stream,
    fromSeq: 1,
    tell: (subject, data, seq, storedAtMs) => tell(data, subject, { seq, storedAtMs }),
    onProblem: (cause) => {
      problem ??= cause;
    },
  });
  await stop();
  if (problem !== undefined) throw AppError.from(problem);
}

/** Of these jobs, those that a queue holds. */
async function jobsQueued(bus: LedgerBus, wanted: ReadonlySet<string>): Promise<Set<string>> {
  const found = new Set<string>();
  if (wanted.size === 0) return found;
  for (const stream of queues) {
    const { lastSeq, createdAtMs } = await bus.streamState(stream);
    for await (const { data, seq } of messagesOf(bus, stream, lastSeq)) {
      // A submission that names none gets its id from where it stands.
      const jobId = jobIdOf(data) ?? `r${createdAtMs.toString(36)}-${seq.toString(36)}`;
      if (wanted.has(jobId)) found.add(jobId);
    }
  }
  return found;
}

/** Of a job, or of a dispatch of one; a job may be JSON or binary. */
function jobIdOf(data: Uint8Array): string | undefined {
  try {
    const { id, job } = decode<{ readonly id?: string; readonly job?: { readonly id?: string } }>(
      data,
    );
    return job?.id ?? id;
  } catch {
    return binaryJobIdOf(data);
  }
}

function binaryJobIdOf(data: Uint8Array): string | undefined {
  try {
    return jobFromBinary(data).id;
  } catch {
    return undefined;
  }
}

const hasStream = (bus: LedgerBus, stream: string): Promise<boolean> =>
  bus.streamState(stream).then(
    () => true,
    () => false,
  );
