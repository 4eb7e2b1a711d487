export * from './backend-health.js';
export * from './duration-window.js';
export * from './instances.js';
export * from './liveness.js';
