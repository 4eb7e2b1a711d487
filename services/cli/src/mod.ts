export { readAndVerify } from './ledger/read-ledger.js';
