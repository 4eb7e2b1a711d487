import { z } from 'zod';
import { cacheTokens } from './backend-schema.js';
import type { Config } from './config.js';
import { given, section, whole } from './values.js';

const modes = ['dynamic', 'static', 'none'] as const;

/** `prefix_cache`: what routers believe of the backends' prefix caches. */
export const prefixCacheSection = section({
  mode: given(z.enum(modes, { error: 'must be dynamic, static or none' }), 'dynamic'),
  block_tokens: given(whole({ min: 16, max: 65_536 }), 500),
  cache_tokens: given(cacheTokens, 500_000),
});

/** The same in the words of the configuration. */
export const toPrefixCache = (read: z.infer<typeof prefixCacheSection>): Config['prefixCache'] => ({
  mode: read.mode,
  blockTokens: read.block_tokens,
  cacheTokens: read.cache_tokens,
});
