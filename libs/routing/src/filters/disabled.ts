import type { Filter } from '../filter.js';

/** Leaves out a backend that is switched off or draining. */
export const disabled: Filter = {
  reason: 'disabled',
  excludes: (row) => !row.isEnabled,
};
