import { DeliverPolicy, type JetStreamClient, type JsMsg } from '@nats-io/jetstream';

/** What a projection follows. */
export type Follow = {
  readonly stream: string;
  /** Subjects of the stream; absent: all. */
  readonly filter?: string;
  /** First sequence wanted. The caller checks that the stream still has it. */
  readonly fromSeq: number;
  readonly tell: (subject: string, data: Uint8Array, seq: number, storedAtMs: number) => void;
};

/**
 * Follows a stream in order through an ordered consumer, which nats.js makes anew after every gap.
 */
export async function followStream(
  js: JetStreamClient,
  options: Follow,
): Promise<() => Promise<void>> {
  const consumer = await js.consumers.get(options.stream, {
    filter_subjects: options.filter,
    deliver_policy: DeliverPolicy.StartSequence,
    opt_start_seq: Math.max(1, options.fromSeq),
  });
  const callback = (message: JsMsg) =>
    options.tell(
      message.subject,
      message.data,
      message.seq,
      Math.floor(message.info.timestampNanos / 1e6),
    );
  const messages = await consumer.consume({ callback, max_messages: 1_000 });
  return async () => {
    await messages.close();
  };
}
