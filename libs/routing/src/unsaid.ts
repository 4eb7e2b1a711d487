/**
 * The same object, left out where a record is written as JSON: who reads the record puts it back.
 *
 * A decision is recorded with every row it read, and most rows say nothing but the defaults; they
 * were a third of each record.
 */
export const unsaid = <T extends object>(defaults: T): Readonly<T> =>
  Object.freeze(Object.defineProperty(defaults, 'toJSON', { value: () => undefined }));
