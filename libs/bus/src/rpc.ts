import { headers, type Msg, type NatsConnection } from '@nats-io/nats-core';
import { AppError } from '@switchyard/domain';

/** Answers one request; throws AppError for what the asker should be told. */
export type Answer = (data: Uint8Array) => Promise<string | Uint8Array> | string | Uint8Array;

/**
 * Answers requests on a subject; a thrown AppError travels as code and message. Resolves, to what
 * stops it, once the server has seen the subscription: before that it tells askers that nobody
 * answers.
 */
export async function answerRequests(
  nc: NatsConnection,
  subject: string,
  queue: string,
  answer: Answer,
): Promise<() => void> {
  const callback = (_error: Error | null, message: Msg) => void respond(message, answer);
  const subscription = nc.subscribe(subject, { queue, callback });
  await nc.flush();
  return () => subscription.unsubscribe();
}

const encoder = new TextEncoder();

/** Asks a service of this very process; throws what an asker elsewhere would be told. */
export async function askHere(answer: Answer, data: string | Uint8Array): Promise<Uint8Array> {
  try {
    const answered = await answer(typeof data === 'string' ? encoder.encode(data) : data);
    return typeof answered === 'string' ? encoder.encode(answered) : answered;
  } catch (caught) {
    const error = AppError.from(caught);
    throw error.code === 'internal' ? new AppError('internal', 'an internal fault') : error;
  }
}

async function respond(message: Msg, answer: Answer): Promise<void> {
  try {
    message.respond(await answer(message.data));
  } catch (caught) {
    const error = AppError.from(caught);
    const refusal = headers();
    refusal.set('Sy-Error-Code', error.code);
    message.respond(error.code === 'internal' ? 'an internal fault' : error.message, {
      headers: refusal,
    });
  }
}
