export { type Admission, admission, type RoomCounts, type RoomLimits } from './admission.js';
export * from './claim.js';
export type { AccountShare, ShareOf } from './fair-share.js';
export { Pace, type Unseen } from './pace.js';
export { type Parking, parking, type Throttled } from './parking.js';
export * from './retry.js';
export * from './transitions.js';
export type { WaitingJob } from './waiting-job.js';
export { WaitingRoom } from './waiting-room.js';
