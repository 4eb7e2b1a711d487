/**
 * The three priority classes, each with its own consumer, so that no class waits behind another.
 */
export const PriorityClass = { high: 'high', normal: 'normal', low: 'low' } as const;
export type PriorityClass = (typeof PriorityClass)[keyof typeof PriorityClass];

/** The classes from first served to last. */
export const priorityClasses: readonly PriorityClass[] = ['high', 'normal', 'low'];

/** The numeric priority of a job that names none. */
export const defaultPriority = 5;

/** The class of a numeric priority from 0 to 10: high 8-10, normal 3-7, low 0-2. */
export function priorityClassOf(priority: number): PriorityClass {
  if (priority >= 8) return 'high';
  return priority >= 3 ? 'normal' : 'low';
}

/** True where `value` names a class. */
export const isPriorityClass = (value: unknown): value is PriorityClass =>
  value === 'high' || value === 'normal' || value === 'low';

/** The numeric priority that stands for a class where only the class is known: 8, 5 or 1. */
export const priorityOfClass: Readonly<Record<PriorityClass, number>> = {
  high: 8,
  normal: 5,
  low: 1,
};
