/** What an attempt consumed. `basis` says whether the backend reported it or we counted it. */
export type Usage = {
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly cachedInputTokens?: number;
  readonly reasoningTokens?: number;
  readonly basis: 'reported' | 'estimated';
};
