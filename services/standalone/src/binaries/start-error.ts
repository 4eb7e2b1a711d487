/**
 * A reason not to start that the operator can mend; its message is written for people and says what
 * to do.
 */
export class StartError extends Error {
  override readonly name = 'StartError';
}
