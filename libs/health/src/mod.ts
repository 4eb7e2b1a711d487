export * from './backend-health.js';
export * from './liveness.js';
