export { type Admin, type AdminOptions, startAdminHttp } from './admin.js';
export { type Running, runService, type Shell } from './run-service.js';
