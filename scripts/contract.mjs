// `npm run contract`: accepts proto/ as it is now: generates the code, records the golden bytes,
// and makes it the baseline that later changes may not break. For additions at any time; for
// anything else only with a major release.
import { join } from 'node:path';
import { commandFile, environment, prepare, root, runNode } from './project.mjs';

const buf = commandFile('@bufbuild/buf', 'buf');
const record = { RECORD_GOLDEN: '1', NODE_OPTIONS: '--experimental-vm-modules --no-warnings' };
const steps = [
  () => runNode([buf, 'lint']),
  () => runNode([buf, 'generate']),
  () => runNode([buf, 'build', '-o', join(root, 'proto', 'baseline.binpb')]),
  () => runNode([commandFile('jest'), 'tests/contract'], environment(record)),
];
prepare();
if (steps.some((run) => run() !== 0)) process.exit(1);
