import type { Filter } from '../filter.js';

/** Leaves out a backend whose models nobody configured and nobody has seen yet. */
export const catalogueUnknown: Filter = {
  reason: 'catalogue_unknown',
  excludes: (row) => row.models === null,
};
