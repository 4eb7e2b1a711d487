/** What the operator sets of the caches that are believed; see `Config`. */
export type PrefixCacheSettings = {
  readonly mode: 'dynamic' | 'static' | 'none';
  readonly blockTokens: number;
  readonly cacheTokens: number;
};
