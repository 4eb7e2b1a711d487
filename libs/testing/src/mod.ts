export * from './fakes/mod.js';
export { type TestNats, type TestNatsOptions, startTestNats } from './nats-server.js';
