import type { WireDispatch } from './wire.js';

/** A dispatch that the executor of this process prepares for before the server has it. */
export interface Announced {
  /**
   * The dispatch was not surely stored: undoes what was done for it, and returns once that is sure.
   */
  withdraw(): Promise<void>;
}

/** Told of dispatches on their way to backends of its own process. */
export interface DispatchHerald {
  /** undefined: the backend is not here. */
  announce(dispatch: WireDispatch): Announced | undefined;
}
