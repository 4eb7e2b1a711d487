import type { BackendId } from '@switchyard/domain';
import type { Arm } from '../job-facts.js';
import { type DurationLine, fit, makeLine, slopeOf, varianceOf } from './duration-line.js';
import { JoinedKeys } from './joined-keys.js';
import { RecentMap } from './recent-map.js';

/** What is learned of one backend with one model: speed by use, and how it fails. */
type Place = {
  /** ln(duration) less the class's mean, by attempts in flight. */
  readonly line: DurationLine;
  successes: number;
  faults: number;
  faultMsMean: number;
  lastAtMs: number;
};

/** What one class's jobs differ by at one place. */
type Correction = { samples: number; mean: number };
/** The usual ln(duration) of a class with a model, whatever the backend. */
type ClassMean = { samples: number; mean: number };

/** What the model is saved as. */
export type DurationModelState = {
  readonly places: readonly (readonly [key: string, place: Place])[];
  readonly corrections: readonly (readonly [key: string, correction: Correction])[];
  readonly classMeans: readonly (readonly [key: string, mean: ClassMean])[];
};

/** Where a job may go, as the model asks. */
export type Choice = {
  readonly id: BackendId;
  readonly inFlight: number;
  readonly waiting: number | null;
};

/** What was seen of one attempt. */
export type Seen = {
  readonly backendId: BackendId;
  readonly model: string;
  readonly jobClass: string;
  readonly isFault: boolean;
  readonly durationMs: number;
  readonly inFlight: number;
  readonly atMs: number;
};

const keysMax = 4096;
/** Stands for a class not seen yet: the mean of the class seen last. */
const anyClass = '*';
const memoryMax = 200;
/** Half of what a silent backend showed is forgotten in this time, so that it is tried again. */
const halfLifeMs = 3_600_000;
/** Backends differ by a factor of e^0.8 as a rule, and a class at one of them by e^0.2. */
const placeVariance = 0.64;
const correctionVariance = 0.04;
/** One fault in twenty is assumed of a backend, with the weight of four attempts. */
const priorFaults = 0.2;
const priorAttempts = 4;
/** After a fault the job waits this long, and runs elsewhere. */
const retryDelayMs = 1000;

/**
 * How long a job will take at each backend: a Bayesian linear model of ln(duration), additive in
 * the job's class, the backend and its attempts in flight, with what a fault costs on top.
 *
 * It gives the arms of a contextual bandit. Thompson sampling on such a linear model is that of
 * Agrawal and Goyal ("Thompson sampling for contextual bandits with linear payoffs", ICML 2013); a
 * class not yet seen at a backend starts from what its other classes showed, and a backend not yet
 * seen from what the others are like.
 */
export class DurationModel {
  readonly #places = new RecentMap<Place>(keysMax);
  readonly #corrections = new RecentMap<Correction>(keysMax);
  readonly #classMeans = new RecentMap<ClassMean>(keysMax);
  readonly #placeKeys = new JoinedKeys();
  readonly #correctionKeys = new JoinedKeys();
  readonly #meanKeys = new JoinedKeys();

  /** Takes one attempt in. */
  add(seen: Seen): void {
    const { backendId, model, jobClass, isFault, durationMs, atMs } = seen;
    if (!(durationMs >= 0) || durationMs === Infinity || !Number.isFinite(atMs)) return;
    const key = this.#placeKeys.of(backendId, model);
    const place = this.#places.use(key, () => makePlace(atMs));
    weaken(place, atMs);
    if (isFault) {
      place.faults += 1;
      place.faultMsMean += Math.max(0.2, 1 / place.faults) * (durationMs - place.faultMsMean);
      return;
    }
    place.successes += 1;
    const y = Math.log(Math.max(1, durationMs));
    const known = place.line.samples > 0;
    const mean = this.#classMeans.use(this.#meanKeys.of(jobClass, model), () => ({
      samples: 0,
      mean: known ? y - place.line.yMean : y,
    }));
    const correction = this.#corrections.use(
      this.#correctionKeys.of(key, jobClass),
      makeCorrection,
    );
    const x = Number.isFinite(seen.inFlight) ? Math.max(0, seen.inFlight) : 0;
    const residual = fit(place.line, x, y - mean.mean);
    mean.samples = Math.min(memoryMax, mean.samples + 1);
    mean.mean += known ? residual / (mean.samples + 1) / 2 : 0;
    const anyKey = this.#meanKeys.of(anyClass, model);
    this.#classMeans.use(anyKey, () => ({ samples: 1, mean: y })).mean = mean.mean;
    correction.samples = Math.min(memoryMax, correction.samples + 1);
    correction.mean += (residual - correction.mean) / correction.samples;
  }

  /**
   * The arms of the choices for a job of this class: a reward of 0.5 is the best of them, 0.2 one
   * that takes four times as long until the job is done.
   */
  arms(
    model: string,
    jobClass: string,
    choices: readonly Choice[],
    nowMs: number,
  ): Readonly<Record<BackendId, Arm>> {
    const mean =
      this.#classMeans.get(this.#meanKeys.of(jobClass, model)) ??
      this.#classMeans.get(this.#meanKeys.of(anyClass, model));
    const classMean = mean?.mean ?? Math.log(1000);
    const keys = choices.map(({ id }) => this.#placeKeys.of(id, model));
    const places = keys.map((key) => this.#places.get(key));
    const prior = priorOf(places);
    const found = choices.map((choice, at) => {
      const key = this.#correctionKeys.of(keys[at] as string, jobClass);
      const correction = this.#corrections.get(key);
      return forecastOf(choice, places[at], { classMean, prior, correction, nowMs });
    });
    return rewardsOf(choices, found);
  }

  /** As plain data. */
  state(): DurationModelState {
    return {
      places: [...this.#places.entries()],
      corrections: [...this.#corrections.entries()],
      classMeans: [...this.#classMeans.entries()],
    };
  }

  /** Takes over a state, which it then changes. */
  restore({ places, corrections, classMeans }: DurationModelState): void {
    for (const [key, place] of places) {
      this.#places.set(key, { ...place, line: { ...makeLine(), ...place.line } });
    }
    for (const [key, correction] of corrections) this.#corrections.set(key, { ...correction });
    for (const [key, mean] of classMeans) this.#classMeans.set(key, { ...mean });
  }
}

const makePlace = (lastAtMs: number): Place => ({
  line: makeLine(),
  successes: 0,
  faults: 0,
  faultMsMean: 0,
  lastAtMs,
});

const makeCorrection = (): Correction => ({ samples: 0, mean: 0 });

/** Lets go of what is old, or more than 200 attempts ago. */
function weaken(place: Place, atMs: number): void {
  const left = leftAt(place, atMs);
  const attempts = (place.successes + place.faults) * left;
  const scale = attempts > memoryMax - 1 ? (left * (memoryMax - 1)) / attempts : left;
  place.successes *= scale;
  place.faults *= scale;
  place.line.samples = Math.min(place.line.samples, Math.max(1, place.line.samples * left));
  place.lastAtMs = Math.max(place.lastAtMs, atMs);
}

/** The share of its weight that what was seen of a place still has. */
const leftAt = ({ lastAtMs }: Place, nowMs: number): number =>
  2 ** (-Math.max(0, nowMs - lastAtMs) / halfLifeMs);

/** What backends are like: the mean of those known, by their number alone. */
function priorOf(places: readonly (Place | undefined)[]): number {
  let sum = 0;
  let count = 0;
  for (const place of places) {
    if (place === undefined || place.line.samples === 0) continue;
    sum += place.line.yMean - slopeOf(place.line) * place.line.xMean;
    count += 1;
  }
  return count === 0 ? 0 : sum / count;
}

/** How a job would do at one place. */
type Forecast = {
  readonly samples: number;
  /** Where it succeeds. */
  readonly durationMs: number;
  /** How unsure the ln of it is. */
  readonly variance: number;
  readonly faultRatio: number;
  readonly faultVariance: number;
  readonly faultMs: number;
};

type Context = {
  readonly classMean: number;
  readonly prior: number;
  readonly correction: Correction | undefined;
  readonly nowMs: number;
};

const unseen = makePlace(0);

function forecastOf(choice: Choice, place: Place = unseen, context: Context): Forecast {
  const { classMean, prior, correction, nowMs } = context;
  const { line } = place;
  const left = leftAt(place, nowMs);
  const samples = line.samples * left;
  const variance = varianceOf(line);
  const use = choice.inFlight + (choice.waiting ?? 0);
  // What the pairs say weighs against what backends are like, each by how sure it is.
  const belief = samples / (samples + variance / placeVariance);
  const seen = line.yMean + slopeOf(line) * (use - line.xMean);
  const trust = correctionTrust(correction, variance);
  const y = classMean + belief * seen + (1 - belief) * prior + trust * (correction?.mean ?? 0);
  const attempts = (place.successes + place.faults) * left + priorAttempts;
  const faultRatio = (place.faults * left + priorFaults) / attempts;
  const durationMs = Math.exp(Math.min(40, Math.max(0, y)));
  return {
    samples: (place.successes + place.faults) * left,
    durationMs,
    variance: (1 - belief) * placeVariance + (1 - trust) * correctionVariance * belief,
    faultRatio,
    faultVariance: (faultRatio * (1 - faultRatio)) / (attempts + 1),
    faultMs: place.faults > 0 ? place.faultMsMean : durationMs,
  };
}

const correctionTrust = (correction: Correction | undefined, variance: number): number =>
  correction === undefined
    ? 0
    : correction.samples / (correction.samples + variance / correctionVariance);

/** Forecasts as rewards from 0 to 1, by the whole time until the job is done, faults included. */
function rewardsOf(
  choices: readonly Choice[],
  forecasts: readonly Forecast[],
): Readonly<Record<BackendId, Arm>> {
  const elsewhereMs = Math.min(...forecasts.map(({ durationMs }) => durationMs));
  const lossesMs = forecasts.map(({ faultMs }) => faultMs + retryDelayMs + elsewhereMs);
  const wholesMs = forecasts.map(
    ({ durationMs, faultRatio }, at) =>
      (1 - faultRatio) * durationMs + faultRatio * (lossesMs[at] as number),
  );
  const bestMs = Math.min(...wholesMs);
  return Object.fromEntries(
    forecasts.map((forecast, at) => {
      const wholeMs = wholesMs[at] as number;
      const rewardMean = bestMs / (bestMs + wholeMs);
      const share = ((1 - forecast.faultRatio) * forecast.durationMs) / wholeMs;
      const stretch = ((lossesMs[at] as number) - forecast.durationMs) / wholeMs;
      const variance = share ** 2 * forecast.variance + stretch ** 2 * forecast.faultVariance;
      // An arm's variance is that of one reward: the mean of n is unsure by a share of it.
      const rewardVariance =
        (rewardMean * (1 - rewardMean)) ** 2 * variance * (forecast.samples + 1);
      const { samples, durationMs, faultRatio, faultMs } = forecast;
      return [
        (choices[at] as Choice).id,
        { samples, rewardMean, rewardVariance, durationMs, faultRatio, faultMs },
      ];
    }),
  );
}
