/**
 * Ids that may become one token of a subject: `[A-Za-z0-9_-]`, 1 to 64 characters. Nothing else
 * ever reaches a subject, so no id can widen one with `.`, `*` or `>`.
 */
export type JobId = string;
export type BackendId = string;
export type AccountId = string;
export type InstanceId = string;

const token = /^[A-Za-z0-9_-]{1,64}$/;

/** True where `value` may stand as one token of a subject. */
export const isToken = (value: unknown): value is string =>
  typeof value === 'string' && token.test(value);
