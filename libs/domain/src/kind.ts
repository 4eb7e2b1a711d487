/** What a job asks for. The public word `text` means chat. */
export const JobKind = {
  chat: 'chat',
  completion: 'completion',
  embedding: 'embedding',
  image: 'image',
  video: 'video',
  query: 'query',
} as const;
export type JobKind = (typeof JobKind)[keyof typeof JobKind];

/** True where `value` names a kind. */
export const isJobKind = (value: unknown): value is JobKind =>
  typeof value === 'string' && value in JobKind;
