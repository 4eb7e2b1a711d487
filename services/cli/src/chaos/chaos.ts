import { setTimeout as delay } from 'node:timers/promises';
import { confirm } from '@clack/prompts';
import { type FaultRow, faultTable, Outcomes } from '@switchyard/testing';
import { CliError, usageError } from '../cli-error.js';
import type { Context } from '../context.js';
import { answered } from '../keys.js';
import { show } from '../terminal.js';
import { cellOf, type Target } from './asking.js';
import { breakingFaults } from './breaking.js';
import { type Fault, rowOf } from './fault.js';
import { type Counted, harmlessFaults } from './harmless.js';
import { chaosModel, ChaosYard } from './yard.js';

/** Options of `switchyard chaos`. */
export type ChaosOptions = {
  /** A Switchyard that runs already, for what is harmless. */
  readonly url?: string;
  readonly model?: string;
  /** Rows of the table, where not all. */
  readonly only?: readonly string[];
  readonly yes?: boolean;
};

const readEveryMs = 200;

/** `switchyard chaos`: tries faults and prints the fault table; gives the exit code. */
export async function runChaos(context: Context, options: ChaosOptions): Promise<number> {
  const rows = options.url ? await harmlessOnly(context, options) : await all(context, options);
  show(context.terminal, { rows }, () => faultTable(rows));
  const failed = rows.filter(({ isPassed }) => !isPassed);
  if (failed.length === 0) return 0;
  context.terminal.note(`Not reached: row ${failed.map(({ row }) => row).join(', row ')}.`);
  return 1;
}

/** Everything, against a Switchyard of its own. */
async function all({ terminal, env }: Context, options: ChaosOptions): Promise<FaultRow[]> {
  const breaking = wanted(breakingFaults, options);
  const harmless = wanted(harmlessFaults, options);
  assertSome([...breaking, ...harmless]);
  terminal.note('Starting a Switchyard to be broken: its own NATS, simulated backends, no other.');
  const yard = await ChaosYard.open(env);
  const target: Target = { url: yard.url, apiKey: undefined, model: chaosModel };
  const settle = (timeoutMs: number) => yard.settle(timeoutMs);
  const rows: FaultRow[] = [];
  const tryOne = async <Place>(fault: Fault<Place>, placeOf: () => Place) => {
    terminal.note(`row ${fault.row}: ${fault.fault}`);
    yard.outcomes = new Outcomes();
    if (fault.backends) await yard.sicken(fault.backends);
    rows.push(rowOf(fault, yard.outcomes, await fault.act(placeOf())));
    await yard.heal();
  };
  const endEarly = () => void yard.close().finally(() => process.exit(130));
  process.once('SIGINT', endEarly).once('SIGTERM', endEarly);
  try {
    for (const fault of breaking) await tryOne(fault, () => yard);
    for (const fault of harmless) {
      await tryOne(fault, () => ({ target, outcomes: yard.outcomes, settle }));
    }
  } finally {
    process.off('SIGINT', endEarly).off('SIGTERM', endEarly);
    await yard.close();
  }
  return rows;
}

/** What breaks nothing, against a Switchyard that runs; it costs the calls that it makes. */
async function harmlessOnly(context: Context, options: ChaosOptions): Promise<FaultRow[]> {
  const { terminal, api } = context;
  const { model } = options;
  if (!model) throw usageError('--url needs --model', 'See "switchyard backends" for the models.');
  const faults = wanted(harmlessFaults, options);
  assertSome(faults);
  await agree(context, options, faults);
  const { data } = await api.json<{ readonly data: readonly { readonly id: string }[] }>(
    '/v1/models',
  );
  if (!data.some(({ id }) => id === model)) {
    throw usageError(`no backend offers ${model}`, 'See "switchyard backends" for the models.');
  }
  const target: Target = { ...api.place, model };
  const rows: FaultRow[] = [];
  for (const fault of faults) {
    terminal.note(`row ${fault.row}: ${fault.fault}`);
    const place = countedOver(target);
    const {
      duplicated: _,
      chargedTwice: __,
      ...row
    } = rowOf(fault, place.outcomes, await fault.act(place));
    rows.push(row);
  }
  return rows;
}

/** Counts over HTTP, where outcomes can be read but not how often they were written. */
function countedOver(target: Target): Counted {
  const outcomes = new Outcomes();
  const settle = async (timeoutMs: number) => {
    const endMonoMs = performance.now() + timeoutMs;
    for (;;) {
      for (const id of outcomes.open) {
        const cell = await cellOf(target, id);
        if (cell) outcomes.see(id, cell);
      }
      if (outcomes.open.length === 0 || performance.now() > endMonoMs) return;
      await delay(readEveryMs);
    }
  };
  return { target, outcomes, settle };
}

/** What is asked of a Switchyard that is not ours, its owner wants: asked, or said by `--yes`. */
async function agree(
  { terminal, api }: Context,
  { yes, model }: ChaosOptions,
  faults: readonly Fault<Counted>[],
): Promise<void> {
  if (yes) return;
  const what = `${faults.length} kinds of requests, 20 in all, to ${model} at ${api.place.url}`;
  if (!terminal.isInteractive) {
    throw usageError(`this would send ${what}`, 'Say --yes if that is wanted.');
  }
  if (!answered(await confirm({ message: `Send ${what}?`, initialValue: false }))) {
    throw new CliError('nothing was sent', { code: 'declined' });
  }
}

const wanted = <Place>(faults: readonly Fault<Place>[], { only }: ChaosOptions) =>
  faults.filter(({ row }) => only === undefined || only.includes(row));

function assertSome(faults: readonly unknown[]): void {
  if (faults.length > 0) return;
  const rows = [...breakingFaults, ...harmlessFaults].map(({ row }) => row).join(', ');
  throw usageError(
    'none of these rows can be tried here',
    `There are ${rows}; with --url 15, 16, 24.`,
  );
}
