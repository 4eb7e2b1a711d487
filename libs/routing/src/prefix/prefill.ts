/** A cached prompt token still costs three tenths of one that is not. */
const savedByHit = 0.7;

/** What a prompt takes a backend before the first token, by what one token takes it. */
export const prefillMsOf = (ask: {
  readonly inputTokens: number;
  readonly hitTokens: number;
  readonly prefillMsPerToken: number;
}): number => {
  const hit = Math.min(ask.inputTokens, Math.max(0, ask.hitTokens));
  return ask.prefillMsPerToken * (ask.inputTokens - savedByHit * hit);
};
