import type { FakeOptions } from './options.js';

/**
 * What a wire protocol answers to one inference request; the server plays it, with pace and faults.
 */
export type Reply =
  | { readonly kind: 'error'; readonly status: number; readonly body: string }
  | { readonly kind: 'whole'; readonly body: string; readonly tokens: number }
  | {
      readonly kind: 'stream';
      readonly contentType: string;
      /** Sent with the first token. */
      readonly head: string;
      readonly tokens: readonly string[];
      /** Sent with the last token: finish, usage, end mark. */
      readonly tail: string;
    };

export type RequestBody = Record<string, unknown>;

/** What a request may leave out of its reply. */
export type ReplyOptions = Required<Pick<FakeOptions, 'models' | 'outputTokens' | 'text'>> & {
  readonly isUsageMissing: boolean;
  /** Said beside the counts. */
  readonly usage: FakeOptions['usage'];
};

/** One wire protocol: all that the server does not know. */
export type Wire = {
  /** The paths that take inference requests. */
  readonly inferencePaths: ReadonlySet<string>;
  reply(path: string, body: RequestBody, options: ReplyOptions): Reply;
  /** The answer to anything else; undefined: 404. */
  check(method: string, path: string, body: string): string | undefined;
  /** An error's body; also what ends a broken stream, framed. */
  error(status: number, message: string): string;
  frameOf(text: string): string;
  /** Harmless frames that a parser must skip. */
  readonly oddFrame: string;
  /** What a full server answers. */
  readonly busy: { readonly status: number; readonly message: string };
  readonly streamType: string;
};
