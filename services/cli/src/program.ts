import { Command, Option } from 'commander';
import { showBackends } from './backends.js';
import { addChaos } from './chaos/command.js';
import { contextOf, defaultUrl } from './context.js';
import { addCost } from './cost-command.js';
import {
  discardLetters,
  drain,
  type LettersOptions,
  retryLetters,
  showLetter,
  showLetters,
} from './dead-letters.js';
import { runDoctor } from './doctor/doctor.js';
import { addLedger } from './ledger/command.js';
import { type JobOptions, type JobsOptions, showJob, showJobs } from './jobs.js';
import { showKeyHash, showNewKey } from './keys.js';
import { readDurationMs, readWhole, readWords, submitKinds } from './readers.js';
import type { SettingsOptions } from './settings.js';
import { addRate } from './rate-command.js';
import { addReplay } from './replay/command.js';
import { addSimulate } from './simulate/command.js';
import { showStrategies } from './strategies.js';
import type { SubmitOptions } from './submission.js';
import { submit } from './submit.js';
import { taskStates } from './task.js';
import { runUp, type UpOptions } from './up.js';

/** Told how a command ends: with an exit code of its own, or not before it is stopped. */
type End = (how: number | 'stays') => void;

/** The whole command line. */
export function makeProgram(end: End): Command {
  const program = new Command('switchyard')
    .description('One durable door in front of every AI backend.')
    .version('0.1.0')
    .option('--json', 'machine-readable output')
    .option('--url <url>', `address of the gateway (SWITCHYARD_URL, else ${defaultUrl})`)
    .exitOverride()
    .configureHelp({ showGlobalOptions: true })
    .showSuggestionAfterError()
    .addHelpText(
      'after',
      '\nThe key is read from SWITCHYARD_API_KEY.\nExit codes: 0 done, 1 failed, 2 not understood.',
    );
  addUp(program, end);
  addSubmit(program);
  addJobs(program);
  addRate(program);
  addDeadLetters(program);
  addFleet(program);
  addCost(program);
  addLedger(program, end);
  addSimulate(program);
  addReplay(program, end);
  addChaos(program, end);
  addKey(program);
  addDoctor(program, end);
  return program;
}

const timeoutOption = (description: string): Option =>
  new Option('--timeout <duration>', description).argParser(readDurationMs);

const withSettings = (command: Command): Command =>
  command
    .option('--config <file>', 'the configuration (SWITCHYARD_CONFIG, else switchyard.yaml)')
    .option('--data-dir <dir>', 'the data folder (SWITCHYARD_DATA_DIR, else .switchyard)')
    .option('--nats-url <url>', 'a NATS server that runs already (NATS_URL)');

function addUp(program: Command, end: End): void {
  withSettings(program.command('up'))
    .description('start a whole Switchyard here and stay with it; --json logs as JSON')
    .option('--demo', 'simulated backends only, in a data folder of their own')
    .option('--host <host>', 'where the API listens')
    .option('--port <port>', 'its port', (text) => String(readWhole(0, 65_535)(text)))
    .action(async (_options: object, command: Command) => {
      end('stays');
      await runUp(command.optsWithGlobals<UpOptions>(), contextOf(command).env);
    });
}

function addSubmit(program: Command): void {
  withSettings(program.command('submit'))
    .description('submit a job; the prompt comes from the argument or from stdin')
    .argument('[prompt]', 'the prompt; - or nothing: stdin')
    .option('-m, --model <model>', 'the model; may be left out where there is only one')
    .addOption(new Option('-k, --kind <kind>', 'kind of job').choices(submitKinds).default('chat'))
    .option('-p, --priority <number>', '0 to 10, more is sooner; 5 if not given', readWhole(0, 10))
    .option('-w, --wait', 'wait for the answer and print it')
    .option('-s, --stream', 'print the answer as it is made')
    .addOption(timeoutOption('how long to wait').default(600_000, '10m'))
    .option('--nats', 'publish to NATS, past the gateway; --nats-url does too')
    .option('--account <account>', 'whose job it is, on NATS only', 'default')
    .action((prompt: string | undefined, options: SubmitOptions, command: Command) =>
      submit(contextOf(command), prompt, options),
    );
}

function addJobs(program: Command): void {
  program
    .command('jobs')
    .description('list jobs, newest first')
    .option(
      '--status <words>',
      `of ${taskStates.join(', ')}; several by commas`,
      readWords(taskStates),
    )
    .option('--backend <id>', 'those of one backend')
    .option('--kind <kind>', 'those of one kind')
    .option('--limit <number>', 'at most so many', readWhole(1, 500), 50)
    .option('--cursor <cursor>', 'go on where the page before ended')
    .action((options: JobsOptions, command: Command) => showJobs(contextOf(command), options));
  program
    .command('job')
    .description('show one job, watch it, or cancel it')
    .argument('<id>', 'its id')
    .option('--cancel', 'cancel it')
    .option('--watch', 'tell every change until it has ended')
    .addOption(timeoutOption('how long to watch').default(Infinity, 'until it ends'))
    .action((id: string, options: JobOptions, command: Command) =>
      showJob(contextOf(command), id, options),
    );
}

function addDeadLetters(program: Command): void {
  const letters = program
    .command('dead-letters')
    .description('jobs that were given up: list them, or look at one, send it again, discard it');
  letters
    .command('list', { isDefault: true })
    .description('list them, newest first')
    .addOption(
      new Option('--state <word>', 'which').choices(['open', 'retried', 'all']).default('open'),
    )
    .option('--limit <number>', 'at most so many', readWhole(1, 500), 50)
    .option('--cursor <cursor>', 'go on where the page before ended')
    .action((options: LettersOptions, command: Command) =>
      showLetters(contextOf(command), options),
    );
  letters
    .command('show')
    .description('show one with its job and its attempts')
    .argument('<id>', 'the id of the job')
    .action((id: string, _options: object, command: Command) => showLetter(contextOf(command), id));
  letters
    .command('retry')
    .description('send jobs again, each as a new one')
    .argument('<ids...>', 'ids of jobs')
    .action((ids: string[], _options: object, command: Command) =>
      retryLetters(contextOf(command), ids),
    );
  letters
    .command('discard')
    .description('throw letters away')
    .argument('<ids...>', 'ids of jobs')
    .action((ids: string[], _options: object, command: Command) =>
      discardLetters(contextOf(command), ids),
    );
}

function addFleet(program: Command): void {
  program
    .command('backends')
    .description('list the backends, their health, and your jobs in flight on them')
    .action((_options: object, command: Command) => showBackends(contextOf(command)));
  program
    .command('drain')
    .description('take a backend or an instance out of use; its jobs go on elsewhere')
    .argument('<id>', 'a backend or an instance; needs a key with admin: true')
    .action((id: string, _options: object, command: Command) => drain(contextOf(command), id));
  program
    .command('strategies')
    .description('list the ways to choose a backend')
    .action((_options: object, command: Command) => showStrategies(contextOf(command).terminal));
}

function addKey(program: Command): void {
  const key = program.command('key').description('make and hash API keys');
  key
    .command('new')
    .description('make a key, print it once, and print what accepts it')
    .option('--name <name>', 'whose key it is')
    .option('--account <account>', 'the account that its jobs belong to', 'default')
    .action((options: { name?: string; account: string }, command: Command) =>
      showNewKey(contextOf(command).terminal, options),
    );
  key
    .command('hash')
    .description('print the SHA-256 of a key from stdin')
    .action((_options: object, command: Command) => showKeyHash(contextOf(command).terminal));
}

function addDoctor(program: Command, end: End): void {
  withSettings(program.command('doctor'))
    .description('say what is wrong with machine, NATS, gateway or backends, and how to mend it')
    .action(async (options: SettingsOptions, command: Command) => {
      end(await runDoctor(contextOf(command), options));
    });
}
