import type { Payload, Settlement } from '@switchyard/bus';
import type { Owner } from './clock.js';

/** One process as the network between it and the server sees it. */
export type Member = {
  readonly owner: Owner;
  /** True while everything from and to it is lost. */
  readonly isCut: boolean;
  /** When the last message of each direction arrives. */
  readonly up: { lastAtMs: number };
  readonly down: { lastAtMs: number };
  /** What is on its way in order. */
  readonly missed: (() => void)[];
  listensTo(subject: string): boolean;
  hear(subject: string, data: Payload): void;
};

/** A member that settles what was delivered to it. */
export type SettlingMember = Member & {
  readonly settler: {
    settle(receipt: string, settlement: Settlement): Promise<void>;
    giveBack(receipt: string, delayMs: number): void;
  };
};
