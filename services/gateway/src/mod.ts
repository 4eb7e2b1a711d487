export { createGateway, type Gateway } from './gateway.js';
export { portFor } from './free-port.js';
export { type GatewayDeps, type GatewayMetrics, noMetrics } from './ports.js';
export { type GatewayConfig } from './settings.js';
