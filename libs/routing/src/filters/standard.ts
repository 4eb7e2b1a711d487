import type { Filter } from '../filter.js';
import { alreadyTried } from './already-tried.js';
import { breakerOpen } from './breaker-open.js';
import { capability } from './capability.js';
import { capacity } from './capacity.js';
import { catalogueUnknown } from './catalogue-unknown.js';
import { cloudNotAllowed } from './cloud-not-allowed.js';
import { contextWindow } from './context-window.js';
import { cooldown } from './cooldown.js';
import { dead } from './dead.js';
import { disabled } from './disabled.js';
import { overCost } from './over-cost.js';
import { region } from './region.js';
import { tags } from './tags.js';
import { unhealthy } from './unhealthy.js';

/**
 * The filters of every strategy, in order: the first one that excludes a backend gives the reason.
 *
 * Two rules look at the whole set and are applied by narrow.ts: `last_resort` and `too_late`.
 */
export const standardFilters: readonly Filter[] = [
  disabled,
  capability,
  catalogueUnknown,
  region,
  tags,
  contextWindow,
  dead,
  unhealthy,
  breakerOpen,
  cooldown,
  overCost,
  capacity,
  alreadyTried,
  cloudNotAllowed,
];
