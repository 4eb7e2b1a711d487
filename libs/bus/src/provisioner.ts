import {
  AckPolicy,
  type ConsumerConfig,
  DeliverPolicy,
  type JetStreamManager,
} from '@nats-io/jetstream';
import type { ConsumerSpec, StreamSpec } from '@switchyard/contracts';
import { AppError } from '@switchyard/domain';
import { diffStream, toStreamConfig } from './stream-diff.js';

/** JetStream's answers that mean "there is none"; nats-server 2.15.1. */
const notFoundCodes = new Set([10014, 10059]);
const isNotFound = (cause: unknown) => notFoundCodes.has((cause as { code?: number }).code ?? 0);

type ConsumerName = Pick<ConsumerSpec, 'stream' | 'name'>;

/** Brings streams and consumers into the form their specs say. */
export class Provisioner {
  readonly #jsm: JetStreamManager;
  readonly #replicas: number;

  constructor(jsm: JetStreamManager, replicas: number) {
    this.#jsm = jsm;
    this.#replicas = replicas;
  }

  /**
   * Creates or updates a stream. Two processes may do so at once. Throws AppError `conflict` where
   * the living stream differs in what cannot be changed: nothing is touched then.
   */
  async stream(spec: StreamSpec): Promise<void> {
    const want = toStreamConfig(spec, this.#replicas);
    const have = await this.#jsm.streams.info(spec.name).catch((cause) => {
      if (isNotFound(cause)) return undefined;
      throw cause;
    });
    if (!have) {
      await this.#jsm.streams.add(want);
      return;
    }
    const { updates, refusals } = diffStream(have.config, want);
    if (refusals.length > 0) {
      throw new AppError(
        'conflict',
        `the stream ${spec.name} was made otherwise and cannot be changed: ${refusals.join('; ')}. ` +
          `Drain it and remove it with "nats stream rm ${spec.name}", then start again`,
      );
    }
    if (updates.length > 0) await this.#jsm.streams.update(spec.name, want);
  }

  /** Creates a durable consumer, or updates it to the spec. */
  async consumer(spec: ConsumerSpec): Promise<void> {
    const { stream, ...config } = toConsumerConfig(spec);
    const have = await this.#infoOf(stream, spec.name);
    if (!have) await this.#jsm.consumers.add(stream, config);
    else if (
      have.config.ack_wait !== config.ack_wait ||
      have.config.max_ack_pending !== config.max_ack_pending
    ) {
      await this.#jsm.consumers.update(stream, spec.name, config);
    }
  }

  /** When a consumer was made, by the server's clock; undefined where there is none. */
  async createdAt({ stream, name }: ConsumerName): Promise<string | undefined> {
    return (await this.#infoOf(stream, name))?.created;
  }

  async removeConsumer(spec: ConsumerName): Promise<void> {
    await this.#jsm.consumers.delete(spec.stream, spec.name).catch((cause) => {
      if (!isNotFound(cause)) throw cause;
    });
  }

  #infoOf(stream: string, name: string) {
    return this.#jsm.consumers.info(stream, name).catch((cause) => {
      if (isNotFound(cause)) return undefined;
      throw cause;
    });
  }
}

const toConsumerConfig = (spec: ConsumerSpec): Partial<ConsumerConfig> & { stream: string } => ({
  stream: spec.stream,
  durable_name: spec.name,
  filter_subject: spec.filter,
  ack_policy: AckPolicy.Explicit,
  ack_wait: spec.ackWaitMs * 1e6,
  max_ack_pending: spec.maxAckPending,
  max_deliver: -1,
  ...(spec.startsAt === 'next' ? { deliver_policy: DeliverPolicy.New } : {}),
});
