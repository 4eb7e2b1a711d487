import type { Backend } from './backend.js';

/**
 * Where an executor learns of its backends: the configuration, or discovery that goes on while it
 * runs.
 */
export interface BackendSource {
  /** Every backend known now, of all kinds. */
  current(): readonly Backend[];
  /** Calls `listener` after each change; returns what stops that. */
  onChange(listener: () => void): () => void;
}

/** A source that never changes. */
export const fixedBackends = (backends: readonly Backend[]): BackendSource => ({
  current: () => backends,
  onChange: () => () => {},
});
