/** Something went wrong. */
export const failedExit = 1;
/** A command line, or a configuration, that cannot be used. */
export const usageExit = 2;

/** What a failure says beside its message. */
export type CliErrorOptions = {
  /** What to do about it, as a whole sentence. */
  readonly remedy?: string;
  /** A code for scripts. */
  readonly code?: string;
  readonly exitCode?: number;
};

/** A failure as one line for people: what is wrong, and what mends it. */
export class CliError extends Error {
  override readonly name = 'CliError';
  readonly remedy: string | undefined;
  readonly code: string;
  readonly exitCode: number;

  constructor(message: string, options: CliErrorOptions = {}) {
    super(message);
    this.remedy = options.remedy;
    this.code = options.code ?? 'failed';
    this.exitCode = options.exitCode ?? failedExit;
  }
}

/** A command line that cannot be understood. */
export const usageError = (message: string, remedy?: string): CliError =>
  new CliError(message, { remedy, code: 'usage', exitCode: usageExit });

/** A failure as it is written to stderr: one line, or one JSON object for `--json`. */
export function errorText(caught: unknown, isJson: boolean): string {
  const error = caught instanceof CliError ? caught : fromStranger(caught);
  const message = isJson ? error.message : error.message.replace(/[.\s]+$/, '');
  if (isJson) return JSON.stringify({ error: { code: error.code, message, remedy: error.remedy } });
  return `switchyard: ${message}${error.remedy ? `. ${error.remedy}` : ''}`;
}

/** AppErrors of the libraries have a message for people, and so have most others. */
function fromStranger(caught: unknown): CliError {
  const code = (caught as { code?: unknown } | undefined)?.code;
  const message = caught instanceof Error ? caught.message : String(caught);
  return new CliError(message, typeof code === 'string' ? { code } : {});
}
