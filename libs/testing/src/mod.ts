export { eventually } from './eventually.js';
export * from './fakes/mod.js';
export { type FaultRow, faultTable } from './fault-table.js';
export { type TestNats, type TestNatsOptions, startTestNats } from './nats-server.js';
export { type Count, Outcomes, type Run } from './outcomes.js';
export { startTcpProxy, type TcpProxy } from './tcp-proxy.js';
