import { Dice } from './dice.js';
import { Happenings } from './happenings.js';
import { unrest } from './rest.js';
import { World } from './world.js';

/** How a seed is run. */
type RunOptions = {
  /** How much happens in it. */
  readonly happenings: number;
  /** True: its tale is kept as a whole. */
  readonly isToldWhole: boolean;
};

const everyMaxMs = 2_000;
const startMs = 1_500;
/** Once nothing goes wrong any more, every accepted job ends within this. */
const endWithinMs = 150_000;
/** After the last job has ended, nothing is outstanding any more within this. */
const restWithinMs = 90_000;
const lookEveryMs = 1_000;

/** One world from its beginning to its end. */
type Ran = {
  readonly world: World;
  /** The law that was broken, or what never came to an end. */
  readonly problem: string | undefined;
};

/** Lets everything happen that the seed says, then waits until all is done and at rest. */
export async function runSeed(
  seed: number,
  { happenings: count, isToldWhole }: RunOptions,
): Promise<Ran> {
  const world = new World(seed, isToldWhole);
  const { clock, laws, dice } = world;
  const restore = clock.install(new Dice(seed + 1e6).next);
  const pass = (forMs: number, isOver = () => false) =>
    clock.pass(
      clock.nowMs + forMs,
      () => world.network.store.pump(),
      () => laws.broken !== undefined || isOver(),
    );
  try {
    await pass(startMs);
    world.worsen();
    const happenings = new Happenings(world);
    for (let at = 0; at < count; at += 1) {
      happenings.happen();
      await pass(dice.between(1, everyMaxMs));
    }
    world.heal();
    await pass(endWithinMs, () => laws.openCount === 0);
    if (laws.openCount > 0 && !laws.broken) return { world, problem: `no end for ${laws.told()}` };
    const untilMs = clock.nowMs + restWithinMs;
    while (!laws.broken && clock.nowMs < untilMs && unrest(world).length > 0)
      await pass(lookEveryMs);
    const left = unrest(world);
    const problem =
      laws.broken?.message ?? (left.length > 0 ? `leak: ${left.join(', ')}` : undefined);
    return { world, problem };
  } finally {
    restore();
  }
}
