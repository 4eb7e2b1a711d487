import { readFile } from 'node:fs/promises';
import { bigramTable } from './bigram.js';
import { encodeGguf, toHalf } from './gguf.js';
import { buildTinyModel } from './tiny-model.js';
import { buildVocabulary, vocabularySize, wordsOf } from './vocabulary.js';

const corpus = await readFile(new URL('./corpus.txt', import.meta.url), 'utf8');

/** Reads a GGUF header as llama.cpp does: an independent check of what the encoder wrote. */
function readGguf(file: Buffer) {
  let at = 0;
  const take = (sizeBytes: number) => file.subarray(at, (at += sizeBytes));
  const u32 = () => take(4).readUInt32LE();
  const u64 = () => Number(take(8).readBigUInt64LE());
  const text = () => take(u64()).toString();
  const readers: Record<number, () => unknown> = {
    4: u32,
    5: () => take(4).readInt32LE(),
    6: () => take(4).readFloatLE(),
    7: () => take(1)[0] === 1,
    8: text,
    9: () => {
      const type = u32();
      return Array.from({ length: u64() }, () => readers[type]!());
    },
  };
  const magic = take(4).toString();
  const version = u32();
  const [tensorCount, valueCount] = [u64(), u64()];
  const values: Record<string, unknown> = {};
  for (let left = valueCount; left > 0; left--) {
    const key = text();
    values[key] = readers[u32()]!();
  }
  const tensors = Array.from({ length: tensorCount }, () => ({
    name: text(),
    shape: Array.from({ length: u32() }, u64),
    type: u32(),
    offset: u64(),
  }));
  return { magic, version, values, tensors, dataAt: Math.ceil(at / 32) * 32 };
}

describe('buildTinyModel', () => {
  const file = buildTinyModel(corpus);
  const { magic, version, values, tensors, dataAt } = readGguf(file);
  const bytesOf = (name: string) => {
    const { offset } = tensors.find((tensor) => tensor.name === name)!;
    return file.subarray(dataAt + offset);
  };

  it('writes a GGUF of version 3 whose tensors fill the file to its end', () => {
    const last = tensors.at(-1)!;
    const lastBytes = 2 * last.shape.reduce((product, size) => product * size, 1);
    expect([magic, version, tensors.length]).toEqual(['GGUF', 3, 12]);
    expect(file.length).toBe(dataAt + last.offset + lastBytes);
    expect(tensors.map(({ offset }) => offset % 32)).toEqual(tensors.map(() => 0));
  });

  it('describes a llama as wide as its vocabulary', () => {
    const tokens = values['tokenizer.ggml.tokens'] as string[];
    expect(values['general.architecture']).toBe('llama');
    expect(values['llama.embedding_length']).toBe(vocabularySize);
    expect(tokens).toHaveLength(vocabularySize);
    expect(new Set(tokens).size).toBe(vocabularySize);
    expect(values['tokenizer.ggml.scores']).toHaveLength(vocabularySize);
    expect(values['tokenizer.ggml.token_type']).toHaveLength(vocabularySize);
  });

  it('embeds every token in a dimension of its own', () => {
    const embedding = bytesOf('token_embd.weight');
    const rowOf = (token: number) =>
      Array.from({ length: vocabularySize }, (_, dimension) =>
        embedding.readUInt16LE(2 * (token * vocabularySize + dimension)),
      );
    const expected = (token: number) =>
      Array.from({ length: vocabularySize }, (_, dimension) => (dimension === token ? 0x3c00 : 0));
    expect(rowOf(0)).toEqual(expected(0));
    expect(rowOf(1234)).toEqual(expected(1234));
  });

  it('writes the same file for the same corpus', () => {
    expect(buildTinyModel(corpus).equals(file)).toBe(true);
  });
});

describe('bigramTable', () => {
  const words = wordsOf('the yard waits. the yard sleeps. the train waits.');
  const vocabulary = buildVocabulary(words);
  const table = bigramTable(words, vocabulary);
  const logit = (current: string, next: string) =>
    table[vocabulary.idOf(next)! * vocabularySize + vocabulary.idOf(current)!];

  it.each([
    ['the', 'yard', Math.log(2 / 3)],
    ['the', 'train', Math.log(1 / 3)],
    ['yard', 'sleeps', Math.log(1 / 2)],
    ['train', 'waits', 0],
    ['yard', 'train', Math.log(1e-4 + 0.01 / 12)],
  ])('%s -> %s', (current, next, expected) => {
    expect(logit(current, next)).toBeCloseTo(expected, 5);
  });
});

describe('buildVocabulary', () => {
  it('has a token for every beginning of a word, so that the word can be reached', () => {
    const { pieces } = buildVocabulary(['yard', 'yard', 'yarn']);
    expect(pieces.filter((piece) => piece.startsWith('▁y'))).toEqual([
      '▁y',
      '▁ya',
      '▁yar',
      '▁yard',
      '▁yarn',
    ]);
  });

  it('knows nearly every word of the corpus', () => {
    const words = wordsOf(corpus);
    const vocabulary = buildVocabulary(words);
    const known = words.filter((word) => vocabulary.idOf(word) !== undefined);
    expect(known.length / words.length).toBeGreaterThan(0.97);
  });
});

describe('toHalf', () => {
  it.each([
    [0, 0x0000],
    [1, 0x3c00],
    [-2, 0xc000],
    [0.5, 0x3800],
    [65_504, 0x7bff],
    [1e6, 0x7c00],
    [-1e6, 0xfc00],
    [1e-9, 0x0000],
  ])('%d is %d', (value, bits) => {
    expect(toHalf(value)).toBe(bits);
  });
});

describe('encodeGguf', () => {
  it('keeps every kind of value', () => {
    const { values } = readGguf(
      encodeGguf(
        {
          text: { type: 'string', value: 'ä' },
          count: { type: 'uint32', value: 7 },
          ratio: { type: 'float32', value: 0.5 },
          flag: { type: 'bool', value: true },
          names: { type: 'strings', value: ['a', ''] },
          numbers: { type: 'int32s', value: [-1, 2] },
        },
        [],
      ),
    );
    expect(values).toEqual({
      text: 'ä',
      count: 7,
      ratio: 0.5,
      flag: true,
      names: ['a', ''],
      numbers: [-1, 2],
    });
  });
});
