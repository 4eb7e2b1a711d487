import { existsSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { servedStrategies } from '@switchyard/routing';
import { checkTogether, type WhereIs } from './checks.js';
import type { Config } from './config.js';
import { ConfigError, type ConfigProblem } from './config-error.js';
import { type Environment, EnvironmentReader } from './environment.js';
import { problemsOf } from './file-problems.js';
import { onPreset } from './presets.js';
import { type ConfigFile, fileSchema } from './schema.js';
import { checkTariffs } from './tariff-checks.js';
import { toConfig } from './to-config.js';
import { readYaml } from './yaml-file.js';

/** What the configuration is made from. */
export type LoadOptions = {
  readonly env: Environment;
  readonly cwd: string;
  /** Names of strategies that may be set. @default those a running router serves */
  readonly strategyNames?: readonly string[];
  /** Reads a file, or undefined where there is none. */
  readonly readFile?: (path: string) => string | undefined;
};

const defaultFileName = 'switchyard.yaml';

/**
 * The configuration from file and environment, the environment winning; frozen. Throws ConfigError
 * with every problem at once.
 */
export function loadConfig(options: LoadOptions): Config {
  const read = readConfigFile(options);
  const reader = new EnvironmentReader(options.env);
  const map = readPriceMapFile(read, options);
  const config = toConfig(read, reader, options.cwd, map.content);
  reader.checkTracing();
  reader.checkNames();
  // A file that cannot be used is read as an empty one: what goes together in it is not known.
  const together =
    read.problems.length === 0
      ? [
          ...checkTogether(config, read.whereIs),
          ...checkTariffs(read.file.tariffs.entries, config, read.whereIs),
        ]
      : [];
  const problems = inOrder([...read.problems, ...reader.problems, ...map.problems, ...together]);
  if (problems.length > 0) throw new ConfigError(problems);
  return deepFreeze(config);
}

type FileRead = {
  readonly file: ConfigFile;
  /** Undefined where there is no file. */
  readonly path: string | undefined;
  readonly problems: readonly ConfigProblem[];
  readonly whereIs: WhereIs;
};

function readConfigFile(options: LoadOptions): FileRead {
  const { env, cwd, strategyNames = servedStrategies } = options;
  const name = env.SWITCHYARD_CONFIG || defaultFileName;
  const path = resolve(cwd, name);
  const { text, problems } = readText(path, options);
  const schema = fileSchema(strategyNames);
  const yaml = readYaml(text ?? '', name, env);
  const parsed = schema.safeParse(onPreset(yaml.content ?? {}));
  return {
    file: parsed.success ? parsed.data : schema.parse({}),
    path: text === undefined ? undefined : path,
    problems: [
      ...problems,
      ...yaml.problems,
      ...(parsed.success ? [] : problemsOf(parsed.error.issues, yaml, schema)),
    ],
    whereIs: (keyPath, variable) => {
      const isOverridden = variable !== undefined && Boolean(env[variable]);
      const isInFile = yaml.written(keyPath) !== undefined;
      return isOverridden || !isInFile ? 'environment' : yaml.whereIs(keyPath);
    },
  };
}

type MapRead = { readonly content?: unknown; readonly problems: readonly ConfigProblem[] };

/** The price map that the file names, by a path from where the file is. */
function readPriceMapFile(
  { file, path, whereIs }: FileRead,
  { cwd, readFile = readIfThere }: LoadOptions,
): MapRead {
  const name = file.tariffs.price_map;
  if (name === undefined) return { problems: [] };
  const refused = (problem: string, remedy?: string): MapRead => ({
    problems: [
      {
        where: whereIs(['tariffs', 'price_map']),
        key: 'tariffs.price_map',
        problem,
        value: JSON.stringify(name),
        ...(remedy === undefined ? {} : { remedy }),
      },
    ],
  });
  try {
    const text = readFile(resolve(path === undefined ? cwd : dirname(path), name));
    if (text === undefined) return refused('names a file that does not exist');
    return { content: JSON.parse(text), problems: [] };
  } catch (caught) {
    if (caught instanceof SyntaxError)
      return refused('is no JSON', 'take model_prices_and_context_window.json as it is');
    return refused(`names a file that cannot be read: ${(caught as Error).message}`);
  }
}

type TextRead = { readonly text?: string; readonly problems: readonly ConfigProblem[] };

function readText(path: string, { env, readFile = readIfThere }: LoadOptions): TextRead {
  const named = env.SWITCHYARD_CONFIG;
  const value = JSON.stringify(named || defaultFileName);
  const [where, key] = named ? ['environment', 'SWITCHYARD_CONFIG'] : [defaultFileName, '(file)'];
  try {
    const text = readFile(path);
    if (text !== undefined || !named) return { text, problems: [] };
    return { problems: [{ where, key, value, problem: 'names a file that does not exist' }] };
  } catch (caught) {
    const problem = `names a file that cannot be read: ${(caught as Error).message}`;
    return { problems: [{ where, key, value, problem }] };
  }
}

const readIfThere = (path: string): string | undefined =>
  existsSync(path) ? readFileSync(path, 'utf8') : undefined;

/** Problems of the file by line; those of the environment behind them. */
function inOrder(problems: readonly ConfigProblem[]): readonly ConfigProblem[] {
  const lineOf = ({ where }: ConfigProblem) => Number(/:(\d+)$/.exec(where)?.[1] ?? 0);
  const isEnvironment = ({ where }: ConfigProblem) => (where === 'environment' ? 1 : 0);
  return problems.toSorted((a, b) => isEnvironment(a) - isEnvironment(b) || lineOf(a) - lineOf(b));
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const inner of Object.values(value)) deepFreeze(inner);
  }
  return value;
}
