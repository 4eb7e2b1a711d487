import type { Command } from 'commander';
import { contextOf } from '../context.js';
import { type ChaosOptions, runChaos } from './chaos.js';

/** Adds `switchyard chaos`. */
export function addChaos(program: Command, end: (code: number) => void): void {
  program
    .command('chaos')
    .description('break a Switchyard that is started for it, and count what became of its jobs')
    .option('--only <rows>', 'rows of the fault table, separated by commas', (text) =>
      text.split(',').map((row) => row.trim()),
    )
    .option('-m, --model <model>', 'with --url: the model to ask for')
    .option('-y, --yes', 'with --url: send what it sends without asking')
    .addHelpText(
      'after',
      [
        '\nNothing that runs is touched. With --url only what is harmless is done there: requests',
        'whose clients leave, repeat themselves or cancel. They cost what requests cost.',
      ].join('\n'),
    )
    .action(async (_options: object, command: Command) => {
      end(await runChaos(contextOf(command), command.optsWithGlobals<ChaosOptions>()));
    });
}
