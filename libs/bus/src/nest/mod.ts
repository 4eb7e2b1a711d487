export { type DurableHandler, JetStreamStrategy } from './jetstream-strategy.js';
