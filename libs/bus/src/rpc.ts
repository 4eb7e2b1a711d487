import { headers, type Msg, type NatsConnection } from '@nats-io/nats-core';
import { decode, encode } from '@switchyard/contracts';
import { AppError } from '@switchyard/domain';

/** Answers one request; throws AppError for what the asker should be told. */
export type Answer = ((data: Uint8Array) => Promise<string | Uint8Array> | string | Uint8Array) & {
  readonly ofMessage?: AnswerMessage;
};

/** The same for messages; neither side may change what it has got. */
type AnswerMessage = (asked: object) => Promise<object>;

/** An answer in messages: asked from the same process, nothing is spelled out. */
export function answerOfMessages(ofMessage: AnswerMessage): Answer {
  const spelled = async (data: Uint8Array) => encode(await ofMessage(decode(data)));
  return Object.assign(spelled, { ofMessage });
}

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
  const bytes = typeof data === 'string' ? encoder.encode(data) : data;
  const answered = await answeredHere(answer, bytes);
  return typeof answered === 'string' ? encoder.encode(answered) : answered;
}

/** The same by a message, which comes as it is where that is what is answered. */
export async function askMessageHere(answer: Answer, message: object): Promise<object> {
  if (answer.ofMessage) return answeredHere(answer.ofMessage, message);
  return decode(await askHere(answer, encode(message)));
}

async function answeredHere<Asked, Answered>(
  answer: (asked: Asked) => Promise<Answered> | Answered,
  asked: Asked,
): Promise<Answered> {
  try {
    return await answer(asked);
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
