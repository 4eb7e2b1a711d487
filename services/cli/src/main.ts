#!/usr/bin/env node
import { CommanderError } from 'commander';
import { errorText, CliError, failedExit, usageExit } from './cli-error.js';
import { makeProgram } from './program.js';

let exitCode = 0;
let stays = false;
const program = makeProgram((how) => {
  if (how === 'stays') stays = true;
  else exitCode = how;
});

// A reader that has seen enough, as in `switchyard jobs | head`, is no failure.
process.stdout.on('error', () => {
  if (!stays) process.exit(exitCode);
});

try {
  await program.parseAsync();
} catch (caught) {
  exitCode = tell(caught);
  stays = false;
}
// What is still open, such as a feed that was given up, must not keep the command alive.
if (!stays) process.stdout.write('', () => process.exit(exitCode));

/** Says what went wrong; commander has said its own errors already. */
function tell(caught: unknown): number {
  if (caught instanceof CommanderError) return caught.exitCode === 0 ? 0 : usageExit;
  process.stderr.write(`${errorText(caught, program.opts<{ json?: boolean }>().json === true)}\n`);
  return caught instanceof CliError ? caught.exitCode : failedExit;
}
