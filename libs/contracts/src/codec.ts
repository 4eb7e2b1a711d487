import { type DescMessage, fromBinary, fromJson, toJson } from '@bufbuild/protobuf';
import { AppError, usdMicros, type UsdMicros } from '@switchyard/domain';
import { JobSchema } from './generated/switchyard/v1/job_pb.js';
import type { WireJob } from './wire.js';

/**
 * Bodies on the bus are canonical ProtoJSON. Between our own services they are parsed as plain
 * JSON, the fastest codec here; what comes from outside goes through `job-schema.ts` or, as binary
 * protobuf, through `jobFromBinary`.
 */
const decoder = new TextDecoder();

/** A message's content as text. */
export const textOf = (data: Uint8Array | string | object): string => {
  if (typeof data === 'string') return data;
  return ArrayBuffer.isView(data) ? decoder.decode(data as Uint8Array) : encode(data);
};

/** The text of a message for the bus. */
export const encode = (message: object): string => JSON.stringify(message);

const texts = new WeakMap<object, string>();

/** The text of a message that never changes and is sent more than once: made once. */
export function encodeOnce(message: object): string {
  const known = texts.get(message);
  if (known !== undefined) return known;
  const text = encode(message);
  texts.set(message, text);
  return text;
}

/**
 * A message one of our own services wrote; within one process it comes as it is. Throws AppError
 * `invalid_request` where it is no JSON object.
 */
export function decode<Message extends object>(data: Uint8Array | string | object): Message {
  if (typeof data === 'object' && !ArrayBuffer.isView(data)) return data as Message;
  let value: unknown;
  try {
    value = JSON.parse(textOf(data));
  } catch (cause) {
    throw new AppError('invalid_request', 'the message is not JSON', { cause });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new AppError('invalid_request', 'the message is not a JSON object');
  }
  return value as Message;
}

/** A job from binary protobuf. Throws AppError `invalid_request` where the bytes are no Job. */
export function jobFromBinary(data: Uint8Array): WireJob {
  try {
    return toJson(JobSchema, fromBinary(JobSchema, data)) as WireJob;
  } catch (cause) {
    throw new AppError(
      'invalid_request',
      'the body is not a switchyard.v1.Job in binary protobuf',
      { cause },
    );
  }
}

/**
 * Checks a message against its schema by the strict ProtoJSON reader; for tests and for doors, not
 * for hops.
 */
export const conforms = (schema: DescMessage, message: object) =>
  fromJson(schema, message as never);

/**
 * Money out of ProtoJSON, where int64 is a string. Throws RangeError on what is not whole micros.
 */
export const decodeUsdMicros = (value: string | number | undefined): UsdMicros | undefined =>
  value === undefined || value === '' ? undefined : usdMicros(Number(value));

/** Money into ProtoJSON. */
export const encodeUsdMicros = (value: number): string => String(usdMicros(value));
