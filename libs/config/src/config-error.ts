/** One thing wrong with the configuration, safe to show: secrets are masked. */
export type ConfigProblem = {
  /** `switchyard.yaml:12`, or `environment`. */
  readonly where: string;
  /** The path of the key in the file, or the name of the environment variable. */
  readonly key: string;
  /** What is wrong and what is allowed, to be read after the key. */
  readonly problem: string;
  /** The bad value as it was written; undefined where there is none. */
  readonly value?: string;
  /** What to do about it; undefined where `problem` says so already. */
  readonly remedy?: string;
};

/** Everything that is wrong with the configuration, at once. Holds no secret. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly ConfigProblem[];

  constructor(problems: readonly ConfigProblem[]) {
    const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`;
    super([`the configuration has ${count}:`, ...problems.map(lineOf)].join('\n'));
    this.problems = problems;
  }
}

const lineOf = ({ where, key, problem, value, remedy }: ConfigProblem): string => {
  const is = value === undefined ? '' : ` (is ${value})`;
  return `  ${where}  ${key}: ${problem}${is}${remedy === undefined ? '' : `; ${remedy}`}`;
};
