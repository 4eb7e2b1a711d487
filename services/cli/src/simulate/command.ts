import { InvalidArgumentError, type Command } from 'commander';
import { contextOf } from '../context.js';
import { readWhole } from '../readers.js';
import { runSimulate, type SimulateOptions } from './simulate.js';

const defaultStrategies = 'round_robin,least_loaded,score,shortest_ttft,prefix_affinity';

/** Adds `switchyard simulate`. */
export function addSimulate(program: Command): void {
  program
    .command('simulate')
    .description('play a trace over simulated backends under several strategies, and compare them')
    .requiredOption('--trace <file>', "Mooncake's or Azure's format, or our events; .gz too")
    .option('--backends <file>', 'JSON or YAML (default: 16 of LLaMA 70B on four A100)')
    .option('--strategy <names>', 'separated by commas', defaultStrategies)
    .option('--speed <times>', 'compress the time of the trace', readTimes, 1)
    .option('--busy <percent>', 'compress until round_robin is so busy', readWhole(1, 99))
    .option('--cache-blocks <number>', "blocks of each backend's cache", readWhole(1, 1_000_000))
    .option('--requests <number>', 'the first so many only', readWhole(1, 10_000_000))
    .option('--seed <number>', 'another chance', readWhole(0, 2 ** 31), 1)
    .option('--sweep', 'play 220 settings of weights too, which takes a few minutes')
    .option('--html <file>', 'write a report with charts')
    .action((options: SimulateOptions, command: Command) =>
      runSimulate(contextOf(command), options),
    );
}

function readTimes(text: string): number {
  const times = Number(text);
  if (times > 0 && times <= 10_000) return times;
  throw new InvalidArgumentError('It must be a number over 0, 10000 at most.');
}
