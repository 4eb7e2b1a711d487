/**
 * Every reason for which a backend is left out of a decision, in the order in which they are
 * judged.
 *
 * `lasting`: the backend can never take this job as things are configured; `passing`: it may be
 * able to later; `money`: only the caller's cap or a budget is in the way; `quality`: only the
 * floor. The nature decides what an empty set means (empty-set.ts).
 */
export const exclusions = {
  disabled: { nature: 'lasting', meaning: 'switched off or draining' },
  capability: { nature: 'lasting', meaning: 'without this model for this kind' },
  catalogue_unknown: { nature: 'passing', meaning: 'not yet asked for its models' },
  region: { nature: 'lasting', meaning: 'in another region' },
  tags: { nature: 'lasting', meaning: 'without the wanted tags' },
  context_window: { nature: 'lasting', meaning: 'with too small a context window' },
  last_resort: { nature: 'lasting', meaning: 'kept for models that no other backend has' },
  dead: { nature: 'passing', meaning: 'without a live executor' },
  unhealthy: { nature: 'passing', meaning: 'down' },
  breaker_open: { nature: 'passing', meaning: 'behind an open breaker' },
  cooldown: { nature: 'passing', meaning: 'in cooldown' },
  over_cost: { nature: 'money', meaning: 'over the cost cap of the job' },
  budget: { nature: 'money', meaning: 'dearer than a budget can still pay' },
  budget_held: { nature: 'passing', meaning: 'dearer than a budget can pay before holds end' },
  capacity: { nature: 'passing', meaning: 'full' },
  quality_floor: { nature: 'quality', meaning: 'below the least quality' },
  already_tried: { nature: 'passing', meaning: 'already tried' },
  cloud_not_allowed: { nature: 'lasting', meaning: 'remote, which the caller does not allow' },
  suspect: { nature: 'passing', meaning: 'with executors that were not heard of lately' },
  too_late: { nature: 'passing', meaning: 'too slow for the deadline' },
} as const satisfies Record<string, { readonly nature: ExclusionNature; readonly meaning: string }>;

/** How long a reason stands; `exclusions` says what each means. */
export type ExclusionNature = 'lasting' | 'passing' | 'money' | 'quality';

/** One of the reasons. */
export type ExclusionReason = keyof typeof exclusions;
