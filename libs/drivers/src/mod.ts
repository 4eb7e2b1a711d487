export { type DriverClock, systemClock } from './clock.js';
export { ConnectionPool, type ConnectionPoolOptions } from './connection-pool.js';
export * from './driver.js';
export { DriverFailure, type DriverFailureOptions } from './failure.js';
export * from './hop.js';
export { type JsonObject, type JsonValue, isJsonObject } from './json.js';
