/** One thing wrong with the configuration. */
export type ConfigProblem = {
  /** File and line, or the name of the environment variable. */
  readonly where: string;
  readonly key: string;
  readonly problem: string;
};

/** Everything that is wrong with the configuration, at once. Holds no secret. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly ConfigProblem[];

  constructor(problems: readonly ConfigProblem[]) {
    const lines = problems.map(({ where, key, problem }) => `  ${where}  ${key}: ${problem}`);
    super(`the configuration has ${problems.length} problem(s):\n${lines.join('\n')}`);
    this.problems = problems;
  }
}
