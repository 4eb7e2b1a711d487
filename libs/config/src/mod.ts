export { findApiKey, hashApiKey, newApiKey } from './api-keys.js';
export { foundBackend } from './backends.js';
export { type ApiKey, type Chosen, type Config, type LogLevel } from './config.js';
export { ConfigError, type ConfigProblem } from './config-error.js';
export { faultSwitch } from './fault-switch.js';
export { isLoopback, loadConfig, type LoadOptions, processEnv } from './load.js';
export { maskedConfig } from './masked.js';
export { type Environment } from './yaml-file.js';
