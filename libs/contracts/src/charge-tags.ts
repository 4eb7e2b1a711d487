import type { WireJob } from './wire.js';

/**
 * Every tag that the costs of a job are counted under, each once: those that its backend must have,
 * and those for costs alone. Undefined: none.
 */
export const chargeTagsOf = ({ tags, costTags }: Pick<WireJob, 'tags' | 'costTags'>) =>
  costTags === undefined ? tags : [...new Set([...(tags ?? []), ...costTags])];
