export {
  type Difference,
  type DifferenceKind,
  type Verification,
  type VerifiedBalance,
} from './difference.js';
export { LedgerVerifier, settleWithinMs } from './ledger-verifier.js';
export { type SeenCell, type SeenLateReceipt, type SeenReceipt } from './seen.js';
