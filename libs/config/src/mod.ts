export { isLoopback } from './addresses.js';
export { findApiKey, hashApiKey, newApiKey } from './api-keys.js';
export { foundBackend } from './backends.js';
export type { ApiKey, Chosen, Config, LogFormat, LogLevel } from './config.js';
export { ConfigError, type ConfigProblem } from './config-error.js';
export { type Environment, processEnv } from './environment.js';
export { faultSwitch } from './fault-switch.js';
export { loadConfig, type LoadOptions } from './load.js';
export { maskedConfig } from './masked.js';
