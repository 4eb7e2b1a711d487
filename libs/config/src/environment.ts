import { faultPoints, type FaultPoint, isToken } from '@switchyard/domain';
import { closestWord } from './closest-word.js';
import type { ApiKey, Config } from './config.js';
import type { ConfigProblem } from './config-error.js';
import { isNatsUrl } from './schema.js';
import { showValue } from './show-value.js';

/** Variables by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The environment of this process: the one place where it is read. */
export const processEnv = (): Environment => process.env;

const variables = [
  'SWITCHYARD_CONFIG',
  'SWITCHYARD_HTTP_HOST',
  'SWITCHYARD_HTTP_PORT',
  'SWITCHYARD_ADMIN_PORT',
  'SWITCHYARD_API_KEYS',
  'SWITCHYARD_DATA_DIR',
  'SWITCHYARD_LOG_LEVEL',
  'SWITCHYARD_LOG_FORMAT',
  'SWITCHYARD_FAULT_POINT',
] as const;

/** Limits of the balancers we take over: one that does nothing is worse than none. */
const notBuiltVariables = ['DAILY_COST_BUDGET', 'HOURLY_COST_BUDGET'] as const;

/** Reads single variables, noting what is wrong with them. An empty one counts as not set. */
export class EnvironmentReader {
  readonly problems: ConfigProblem[] = [];
  readonly env: Environment;

  constructor(env: Environment) {
    this.env = env;
  }

  /** The text of a variable; undefined where it is empty. */
  text(name: string): string | undefined {
    return this.env[name] || undefined;
  }

  /** A port; 0 is any free one. */
  port(name: string): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const port = Number(text);
    if (/^\d{1,5}$/.test(text) && port <= 65_535) return port;
    this.#tell(name, 'must be a port from 0 to 65535');
    return undefined;
  }

  /** One of `allowed`. */
  oneOf<Value extends string>(name: string, allowed: readonly Value[]): Value | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const value = allowed.find((one) => one === text.toLowerCase());
    if (value === undefined) this.#tell(name, `must be one of ${allowed.join(', ')}`);
    return value;
  }

  /** `NATS_URL`: one server or several, separated by commas. */
  natsUrl(): string | undefined {
    const text = this.text('NATS_URL');
    if (text === undefined || isNatsUrl(text)) return text;
    this.#tell('NATS_URL', 'must be the address of a NATS server, such as nats://127.0.0.1:4222');
    return undefined;
  }

  /** `SWITCHYARD_API_KEYS`: `name:account:sha256`, several separated by commas. */
  apiKeys(): readonly ApiKey[] {
    const text = this.text('SWITCHYARD_API_KEYS');
    const entries = (text ?? '').split(',').map((entry) => entry.trim());
    return entries.flatMap((entry, at) => {
      if (entry === '') return [];
      const [name, account, sha256 = '', ...rest] = entry.split(':');
      const isDigest = /^[0-9a-f]{64}$/i.test(sha256);
      if (isToken(name) && isToken(account) && isDigest && rest.length === 0) {
        return [{ name, account, sha256: sha256.toLowerCase() }];
      }
      this.problems.push({
        where: 'environment',
        key: `SWITCHYARD_API_KEYS[${at}]`,
        problem: 'must be name:account:sha256, with the SHA-256 of the key in hexadecimal',
        remedy: '"switchyard key new" makes a key and prints this entry',
      });
      return [];
    });
  }

  /** `SWITCHYARD_FAULT_POINT`: a fault point's name, `@n` for its nth hit. */
  faultPoint(): Config['faultPoint'] {
    const text = this.text('SWITCHYARD_FAULT_POINT');
    if (text === undefined) return undefined;
    const [point = '', hit = '1', ...rest] = text.split('@');
    const isKnown = (faultPoints as readonly string[]).includes(point);
    if (isKnown && /^[1-9]\d{0,6}$/.test(hit) && rest.length === 0) {
      return { point: point as FaultPoint, hit: Number(hit) };
    }
    this.#tell('SWITCHYARD_FAULT_POINT', `must be one of ${faultPoints.join(', ')}, @n behind it`);
    return undefined;
  }

  /** What OpenTelemetry's own variables ask for and this exporter cannot do. */
  checkTracing(): void {
    const exporter = this.oneOf('OTEL_TRACES_EXPORTER', ['otlp', 'none']);
    const isAsked = exporter ?? this.text('OTEL_EXPORTER_OTLP_ENDPOINT');
    if (isAsked === undefined || exporter === 'none') return;
    for (const name of ['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', 'OTEL_EXPORTER_OTLP_ENDPOINT']) {
      const url = this.text(name);
      if (url !== undefined && !(/^https?:\/\//.test(url) && URL.canParse(url))) {
        this.#tell(name, 'must be an http:// or https:// address');
      }
    }
    const traces = 'OTEL_EXPORTER_OTLP_TRACES_PROTOCOL';
    const name = this.text(traces) === undefined ? 'OTEL_EXPORTER_OTLP_PROTOCOL' : traces;
    // A receiver of OTLP over HTTP takes both; we send JSON.
    this.oneOf(name, ['http/json', 'http/protobuf']);
  }

  /** Variables that look like ours and are none, and those whose feature is not built yet. */
  checkNames(): void {
    for (const name of notBuiltVariables) {
      if (this.text(name) !== undefined) this.#tell(name, 'is not built yet; unset it');
    }
    for (const name of Object.keys(this.env)) {
      if (!name.startsWith(prefix)) continue;
      const suffix = name.slice(prefix.length);
      // Kubernetes sets variables named after its services (..._SERVICE_HOST): only what was
      // probably meant for us is refused.
      const meant = closestWord(suffix, suffixes);
      if (meant === undefined || meant === suffix) continue;
      const problem = `is no variable we know; did you mean ${prefix}${meant}?`;
      this.problems.push({ where: 'environment', key: name, problem });
    }
  }

  #tell(key: string, problem: string): void {
    const value = showValue(this.text(key), []);
    this.problems.push({ where: 'environment', key, problem, value });
  }
}

const prefix = 'SWITCHYARD_';
/** Variables of the command line's, which talks to a gateway and is not configured here. */
const commandLine = ['URL', 'API_KEY'];
const suffixes = [...variables.map((name) => name.slice(prefix.length)), ...commandLine];
