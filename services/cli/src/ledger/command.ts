import type { Command } from 'commander';
import { contextOf } from '../context.js';
import { readDurationMs } from '../readers.js';
import { verifyLedger, type VerifyOptions } from './verify.js';

/** Adds `switchyard ledger verify`; `end` is told its exit code. */
export function addLedger(program: Command, end: (exitCode: number) => void): void {
  program
    .command('ledger')
    .description('the record of all money')
    .command('verify')
    .description('hold every balance against the receipts of all attempts; 1 where one differs')
    .option('--wait <duration>', 'for what is not booked yet', readDurationMs, 5_000)
    .option('--complete', 'fail too where receipts are kept no longer, or something is pending')
    .option('--config <file>', 'the configuration (SWITCHYARD_CONFIG, else switchyard.yaml)')
    .option('--data-dir <dir>', 'the data folder (SWITCHYARD_DATA_DIR, else .switchyard)')
    .option('--nats-url <url>', 'a NATS server that runs already (NATS_URL)')
    .action(async (options: VerifyOptions, command: Command) => {
      end(await verifyLedger(contextOf(command), options));
    });
}
