import type { SubmitKind } from './readers.js';

/** What `switchyard submit` was asked for. */
export type SubmitOptions = {
  readonly model?: string;
  readonly kind: SubmitKind;
  readonly priority?: number;
  readonly wait?: boolean;
  readonly stream?: boolean;
  readonly timeout: number;
  readonly nats?: boolean;
  readonly natsUrl?: string;
  readonly account: string;
  readonly config?: string;
  readonly dataDir?: string;
};

/** A submission with everything filled in. */
export type Submission = SubmitOptions & { readonly model: string; readonly prompt: string };
