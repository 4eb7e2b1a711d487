export * from './app-error.js';
export * from './backend.js';
export * from './failure.js';
export * from './ids.js';
export * from './kind.js';
export * from './priority.js';
export * from './units.js';
export * from './usage.js';
