import { type Command, Option } from 'commander';
import { contextOf } from './context.js';
import { rate, type RateOptions } from './rate.js';
import { readShare } from './readers.js';

const sideOption = (name: string, what: string): Option =>
  new Option(`--${name} <score>`, `${what}; as the score if not given`).argParser(readShare);

/** `switchyard rate`. */
export function addRate(program: Command): void {
  program
    .command('rate')
    .description(
      'say how good the answer to a job was; quality_based and adaptive_learning heed it',
    )
    .argument('<job>', 'its id')
    .argument('<score>', '0 (useless) to 1 (as good as can be)', readShare)
    .addOption(sideOption('relevance', 'whether it answers what was asked'))
    .addOption(sideOption('accuracy', 'whether it is true'))
    .addOption(sideOption('completeness', 'whether anything is missing'))
    .addOption(
      new Option('--citations <score>', 'whether its sources hold; else not rated').argParser(
        readShare,
      ),
    )
    .addOption(
      new Option('--source <word>', 'who says so; each counts once')
        .choices(['user', 'expert', 'automatic'])
        .default('user'),
    )
    .action((id: string, score: number, options: RateOptions, command: Command) =>
      rate(contextOf(command), id, score, options),
    );
}
