export { noMetrics, type RouterContext, type RouterMetrics } from './context.js';
export { type JobDefaults } from './stamps.js';
export { Router } from './router.js';
export { type RouterDeps, startRouter } from './start.js';
