import type { Config } from './config.js';
import { withoutCredentials } from './show-value.js';

/** The configuration as it may be printed: without secrets, users and passwords. */
export const maskedConfig = (config: Config): Config =>
  JSON.parse(
    JSON.stringify(config, (key, value: unknown) => {
      if ((key === 'apiKey' || key === 'sha256') && value) return '***';
      return typeof value === 'string' ? withoutCredentials(value) : value;
    }),
  ) as Config;
