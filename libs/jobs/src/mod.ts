export * from './claim.js';
export * from './retry.js';
export * from './transitions.js';
export type { WaitingJob } from './waiting-job.js';
export { WaitingRoom } from './waiting-room.js';
