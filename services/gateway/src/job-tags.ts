import type { IncomingHttpHeaders } from 'node:http';
import { AppError } from '@switchyard/domain';
import { z } from 'zod';

const tagsHeader = 'x-switchyard-tags';
const costTagsHeader = 'x-switchyard-cost-tags';
/** The headers with tags, and what they are for. */
export const tagHeaders: Readonly<Record<string, string>> = {
  [tagsHeader]:
    'Tags, comma-separated: a backend must have each of them, and costs are counted under them.',
  [costTagsHeader]: 'Tags, comma-separated, that costs are counted under, and nothing else.',
};

const tagsMax = 32;
const tagForm = 'must be 1 to 64 characters without commas, control characters or outer spaces';
const tag = z
  .string({ error: tagForm })
  .max(64, tagForm)
  .regex(/^[^\s,\p{Cc}](?:[^,\p{Cc}]*[^\s,\p{Cc}])?$/u, tagForm);

/** A list of tags in a body. */
export const tagsSchema = z
  .array(tag, { error: 'must be a list of texts' })
  .max(tagsMax, `must hold at most ${tagsMax}`);

/** What a job is labelled with; undefined where nobody named any. */
export type JobTags = {
  readonly tags: string[] | undefined;
  readonly costTags: string[] | undefined;
};

const none: JobTags = { tags: undefined, costTags: undefined };

/**
 * The tags of a request: those of its headers, added to what its body names. Throws AppError
 * `invalid_request` naming the header at fault.
 */
export function tagsOf(headers: IncomingHttpHeaders, named: JobTags = none): JobTags {
  const tags = headers[tagsHeader];
  const costTags = headers[costTagsHeader];
  if (tags === undefined && costTags === undefined) return named;
  return {
    tags: withHeader(tagsHeader, tags, named.tags),
    costTags: withHeader(costTagsHeader, costTags, named.costTags),
  };
}

function withHeader(
  field: string,
  value: string | string[] | undefined,
  named: string[] | undefined,
): string[] | undefined {
  if (value === undefined) return named;
  const words = String(value).split(',');
  const parsed = tagsSchema.safeParse([...(named ?? []), ...words.map((word) => word.trim())]);
  if (parsed.success) return [...new Set(parsed.data)];
  const problem = parsed.error.issues[0]?.message ?? tagForm;
  throw new AppError('invalid_request', `${field}: ${problem}`, { details: [{ field, problem }] });
}

/** Empty lists are no tags: nothing is sent on for them. */
export const someTags = (tags: string[] | undefined): string[] | undefined =>
  tags && tags.length > 0 ? [...new Set(tags)] : undefined;
