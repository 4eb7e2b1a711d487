export { createGateway, type Gateway, isLoopback } from './gateway.js';
export { type GatewayDeps, type GatewayMetrics, noMetrics } from './ports.js';
export { type ApiKey, type GatewaySettings } from './settings.js';
