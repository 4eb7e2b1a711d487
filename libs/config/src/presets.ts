/** What an installation is for; each is a preset of values that the file may say otherwise. */
export const environments = ['development', 'staging', 'production', 'high-availability'] as const;

type Mapping = Readonly<Record<string, unknown>>;

/** As they would stand in the file. Budgets are in that for production alone. */
const presets: Readonly<Record<(typeof environments)[number], Mapping>> = {
  development: {
    strategy: 'weighted_round_robin',
    circuit_breaker: { failure_threshold: 10, recovery_timeout: '30s' },
  },
  staging: {
    strategy: 'adaptive_learning',
    circuit_breaker: { failure_threshold: 5, recovery_timeout: '45s' },
  },
  production: {
    strategy: 'adaptive_learning',
    circuit_breaker: { failure_threshold: 3, recovery_timeout: '30s' },
    budgets: { global: { hourly_usd: 5, daily_usd: 50 } },
  },
  'high-availability': {
    strategy: 'adaptive_learning',
    circuit_breaker: { failure_threshold: 3, recovery_timeout: '30s' },
  },
};

/**
 * The content of a file on top of the preset that its `environment` names: value by value, the file
 * wins. A value that is written as null is none; a section with nothing behind it says nothing.
 */
export function onPreset(content: unknown): unknown {
  if (!isMapping(content) || typeof content.environment !== 'string') return content;
  const { environment } = content;
  const preset =
    Object.hasOwn(presets, environment) && presets[environment as keyof typeof presets];
  return preset ? merged(preset, content) : content;
}

function merged(under: Mapping, over: Mapping): Mapping {
  const both: Record<string, unknown> = { ...over };
  for (const [key, value] of Object.entries(under)) {
    const written = both[key];
    if (written === undefined || (written === null && isMapping(value))) both[key] = value;
    else if (isMapping(value) && isMapping(written)) both[key] = merged(value, written);
  }
  return both;
}

const isMapping = (value: unknown): value is Mapping =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
