export * from './backend-health.js';
export { mayEject } from './breaker-rules.js';
export * from './circuit-breaker.js';
export * from './deafness.js';
export * from './duration-window.js';
export * from './gossip.js';
export * from './instances.js';
export * from './liveness.js';
