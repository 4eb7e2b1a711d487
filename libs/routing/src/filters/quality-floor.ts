import { always, type Filter } from '../filter.js';
import { qualityOf } from '../quality.js';

/** Leaves out a backend below the least quality; dropped where nobody could ever reach it. */
export const qualityFloor: Filter = {
  reason: 'quality_floor',
  depends: always,
  isAsked: ({ minimumQuality }) => minimumQuality > 0,
  excludes: (row, { minimumQuality }) => minimumQuality > 0 && !(qualityOf(row) >= minimumQuality),
};
