import { bigramTable } from './bigram.js';
import { type MetadataValue, type Tensor, encodeGguf, toHalf } from './gguf.js';
import { buildVocabulary, specialIds, vocabularySize, wordsOf } from './vocabulary.js';

/** The name under which the tiny model is offered. */
export const tinyModelName = 'switchyard-tiny';

const contextTokens = 4096;
const heads = 32;
const headWidth = vocabularySize / heads;
const feedForwardWidth = 64;

/**
 * Writes a language model without training one: a llama that speaks in the word pairs of a text.
 *
 * A llama computes: look up the token's embedding, let each layer add something to it, normalise,
 * multiply by the output weights. Three choices turn that into a plain table of which word follows
 * which:
 * - The model is as wide as its vocabulary, and token n is embedded as 1 in dimension n and 0
 *   elsewhere.
 * - The one layer's weights are all zero, so that it adds nothing and the token arrives at the end
 *   unchanged.
 * - The output weight from dimension n to token m is the log-probability that m follows n; the
 *   product with such an embedding picks exactly the column of the current token. Normalising
 *   multiplies by the square root of the width (the embedding's mean square is 1/width), so the
 *   weights are divided by it beforehand.
 *
 * The result is a toy with a real engine around it: tokens, streams, usage, slots and caches are
 * real; the text is word-like, the prompt counts only by its last word, and an embedding tells
 * which words a text has and nothing else.
 */
export function buildTinyModel(corpus: string): Buffer {
  const words = wordsOf(corpus);
  const vocabulary = buildVocabulary(words);
  const scale = 1 / Math.sqrt(vocabularySize);
  const output = halves(bigramTable(words, vocabulary).map((logit) => logit * scale));
  const { pieces, scores, kinds } = vocabulary;
  return encodeGguf(
    {
      ...architecture,
      'tokenizer.ggml.model': { type: 'string', value: 'llama' },
      'tokenizer.ggml.tokens': { type: 'strings', value: pieces },
      'tokenizer.ggml.scores': { type: 'float32s', value: scores },
      'tokenizer.ggml.token_type': { type: 'int32s', value: kinds },
      'tokenizer.ggml.bos_token_id': { type: 'uint32', value: specialIds.begin },
      'tokenizer.ggml.eos_token_id': { type: 'uint32', value: specialIds.end },
      'tokenizer.ggml.unknown_token_id': { type: 'uint32', value: specialIds.unknown },
      'tokenizer.ggml.add_bos_token': { type: 'bool', value: true },
      'tokenizer.chat_template': { type: 'string', value: chatTemplate },
    },
    [
      tensor('token_embd.weight', [vocabularySize, vocabularySize], oneHot()),
      ones('output_norm.weight'),
      tensor('output.weight', [vocabularySize, vocabularySize], output),
      ...silentLayer('blk.0'),
    ],
  );
}

/**
 * Every answer begins after the word "the", the likeliest word of any English text, so that it
 * always has a way on.
 */
const chatTemplate =
  "{% for message in messages %}{{ message['role'] }}: {{ message['content'] }}\n{% endfor %}" +
  'assistant: the';

const architecture: Readonly<Record<string, MetadataValue>> = {
  'general.architecture': { type: 'string', value: 'llama' },
  'general.name': { type: 'string', value: tinyModelName },
  'general.file_type': { type: 'uint32', value: 1 },
  'llama.context_length': { type: 'uint32', value: contextTokens },
  'llama.embedding_length': { type: 'uint32', value: vocabularySize },
  'llama.block_count': { type: 'uint32', value: 1 },
  'llama.feed_forward_length': { type: 'uint32', value: feedForwardWidth },
  'llama.attention.head_count': { type: 'uint32', value: heads },
  'llama.attention.head_count_kv': { type: 'uint32', value: 1 },
  'llama.attention.layer_norm_rms_epsilon': { type: 'float32', value: 1e-6 },
  'llama.rope.dimension_count': { type: 'uint32', value: headWidth },
  'llama.vocab_size': { type: 'uint32', value: vocabularySize },
};

/**
 * A transformer layer that passes its input on: whatever attention and feed-forward compute ends in
 * a product with zero.
 */
const silentLayer = (prefix: string): Tensor[] => [
  ones(`${prefix}.attn_norm.weight`),
  zeros(`${prefix}.attn_q.weight`, [vocabularySize, vocabularySize]),
  zeros(`${prefix}.attn_k.weight`, [vocabularySize, headWidth]),
  zeros(`${prefix}.attn_v.weight`, [vocabularySize, headWidth]),
  zeros(`${prefix}.attn_output.weight`, [vocabularySize, vocabularySize]),
  ones(`${prefix}.ffn_norm.weight`),
  zeros(`${prefix}.ffn_gate.weight`, [vocabularySize, feedForwardWidth]),
  zeros(`${prefix}.ffn_up.weight`, [vocabularySize, feedForwardWidth]),
  zeros(`${prefix}.ffn_down.weight`, [feedForwardWidth, vocabularySize]),
];

function oneHot(): Uint8Array {
  const bits = new Uint16Array(vocabularySize * vocabularySize);
  const one = toHalf(1);
  for (let token = 0; token < vocabularySize; token++) bits[token * (vocabularySize + 1)] = one;
  return new Uint8Array(bits.buffer);
}

function halves(values: Float32Array): Uint8Array {
  const bits = new Uint16Array(values.length);
  for (let at = 0; at < values.length; at++) bits[at] = toHalf(values[at] ?? 0);
  return new Uint8Array(bits.buffer);
}

const tensor = (name: string, shape: readonly number[], data: Uint8Array): Tensor => ({
  name,
  shape,
  type: 'f16',
  data,
});

const zeros = (name: string, shape: readonly [number, number]): Tensor =>
  tensor(name, shape, new Uint8Array(2 * shape[0] * shape[1]));

/** Norm weights are one number per dimension, and full precision everywhere. */
const ones = (name: string): Tensor => ({
  name,
  shape: [vocabularySize],
  type: 'f32',
  data: new Uint8Array(new Float32Array(vocabularySize).fill(1).buffer),
});
