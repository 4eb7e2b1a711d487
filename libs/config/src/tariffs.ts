import type { Backend, DatedTariff, Tariff } from '@switchyard/domain';
import { builtInTariffs, readPriceMap } from '@switchyard/ledger';
import type { NamedTariff } from './config.js';
import type { ConfigFile } from './schema.js';

type FileTariffs = ConfigFile['tariffs'];
type FileTariff = FileTariffs['entries'][number];
type Amounts = Partial<ConfigFile['backend_instances'][string]['cost']>;

/** What a backend is priced from. */
export type Prices = {
  readonly file: Partial<FileTariffs>;
  /** The content of the price map; undefined where none is named, or it cannot be read. */
  readonly map: unknown;
  /** Told of what a price map holds and nobody can use. */
  readonly note: (problem: string) => void;
};

/** Who sells at an address, as price lists call them. */
const providers: readonly (readonly [host: string, provider: string])[] = [
  ['api.openai.com', 'openai'],
  ['openrouter.ai', 'openrouter'],
  ['api.groq.com', 'groq'],
  ['api.mistral.ai', 'mistral'],
];

/**
 * The amounts of one entry. A remote backend without any has a price that nobody knows, which is
 * not the same as a free one; a machine of our own costs nothing until somebody says what.
 */
export function toTariff(cost: Amounts, place: Backend['class']): Tariff {
  const tariff: Tariff = {
    perJobUsdMicros: cost.per_job_usd,
    perRequestUsdMicros: cost.per_request_usd,
    perMtokInputUsdMicros: cost.per_1m_input_usd,
    perMtokOutputUsdMicros: cost.per_1m_output_usd,
    perMtokCachedInputUsdMicros: cost.per_1m_cached_input_usd,
    perMtokReasoningUsdMicros: cost.per_1m_reasoning_usd,
    perSecondUsdMicros: cost.per_second_usd,
    perImageUsdMicros: cost.per_image_usd,
    perVideoSecondUsdMicros: cost.per_video_second_usd,
    perSearchUsdMicros: cost.per_search_usd,
    watts: cost.watts,
    perKwhUsdMicros: cost.per_kwh_usd,
  };
  const isSaid = Object.values(tariff).some((amount) => amount !== undefined);
  return isSaid || place === 'local' ? tariff : { isUnknown: true };
}

/** The backend with the tariffs that name it: the operator's, then those of price lists. */
export function priced(backend: Backend, provider: string | undefined, prices: Prices): Backend {
  const seller = provider ?? sellerOf(backend.endpointUrl);
  const named = withTariffs(backend, toFileTariffs(prices.file));
  const lists = backend.tariff.isUnknown && seller !== undefined ? listed(seller, prices) : [];
  return lists.length === 0 ? named : { ...named, tariffs: [...(named.tariffs ?? []), ...lists] };
}

/** The entries of `tariffs`. */
export const toFileTariffs = ({ entries = [] }: Partial<FileTariffs>): readonly NamedTariff[] =>
  entries.map((entry) => ({ backends: entry.backends, tariff: toDated(entry) }));

/** The backend with the tariffs of the file that name it, for those that are not written there. */
export function withTariffs(backend: Backend, tariffs: readonly NamedTariff[]): Backend {
  const own = tariffs
    .filter(({ backends }) => backends.length === 0 || backends.includes(backend.id))
    .map(({ tariff }) => tariff);
  return own.length === 0 ? backend : { ...backend, tariffs: own };
}

/** One of `tariffs.entries`. */
export const toDated = (entry: FileTariff): DatedTariff => ({
  models: entry.models,
  ...(entry.valid_from === undefined ? {} : { validFromMs: entry.valid_from }),
  ...(entry.valid_until === undefined ? {} : { validUntilMs: entry.valid_until }),
  source: 'switchyard.yaml',
  origin: 'operator',
  tariff: toTariff(entry, 'remote'),
});

/** A price map knows more than the built-in list, and is newer where somebody cares for it. */
function listed(provider: string, { file, map, note }: Prices): readonly DatedTariff[] {
  const own = (file.built_in ?? true) ? builtInTariffs(provider) : [];
  if (map === undefined) return own;
  const source = file.price_map ?? '';
  const read = readPriceMap(map, { provider, source });
  for (const { model, problem } of read.problems) note(`${source}: ${model} ${problem}`);
  const named = new Set(read.tariffs.flatMap(({ models }) => models));
  return [
    ...own.filter(({ models }) => !models.some((model) => named.has(model))),
    ...read.tariffs,
  ];
}

const sellerOf = (endpointUrl: string): string | undefined => {
  const host = new URL(endpointUrl).hostname;
  return providers.find(([known]) => known === host)?.[1];
};
