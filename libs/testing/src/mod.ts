export * from './fakes/mod.js';
