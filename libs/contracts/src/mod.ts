export * from './catalogue.js';
export * from './codec.js';
export * from './dialects.js';
export * from './job-schema.js';
export * from './rpc.js';
export * from './streams.js';
export * from './subjects.js';
export * from './wire.js';
