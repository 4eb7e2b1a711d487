import type { Config } from './config.js';

/** The configuration as it may be printed: secrets replaced, addresses without user and password. */
export const maskedConfig = (config: Config): unknown =>
  JSON.parse(
    JSON.stringify(config, (key, value) => {
      if ((key === 'apiKey' || key === 'sha256') && value) return '***';
      return typeof value === 'string' ? value.replace(/\/\/[^@/]*@/g, '//***@') : value;
    }),
  );
