import { readTrace } from './read-trace.js';
import { compressed, type Trace } from './trace.js';

const asTrace = (text: string): Trace => {
  const read = readTrace('test', text);
  if (read.kind !== 'trace') throw new Error(JSON.stringify(read.faults));
  return read.trace;
};

const problemsOf = (text: string): readonly string[] => {
  const read = readTrace('test', text);
  return read.kind === 'trace' ? [] : read.faults.map(({ line, problem }) => `${line}: ${problem}`);
};

describe('readTrace', () => {
  it('reads the format of Mooncake, in the order of arrival', () => {
    const text =
      '{"timestamp": 3000, "input_length": 600, "output_length": 7, "hash_ids": [0, 2]}\n' +
      '{"timestamp": 1000, "input_length": 512, "output_length": 5, "hash_ids": [0]}\n';
    expect(asTrace(text)).toEqual({
      name: 'test',
      blockTokens: 512,
      requests: [
        { atMs: 0, inputTokens: 512, outputTokens: 5, blockIds: [0] },
        { atMs: 2000, inputTokens: 600, outputTokens: 7, blockIds: [0, 2] },
      ],
    });
  });

  it('reads the format of Azure with its seven decimals', () => {
    const text =
      'TIMESTAMP,ContextTokens,GeneratedTokens\r\n' +
      '2023-11-16 18:17:03.9799600,4808,10\r\n' +
      '2023-11-16 18:17:04.0319600,3180,8\r\n';
    const { requests } = asTrace(text);
    expect(requests.map(({ inputTokens, outputTokens }) => [inputTokens, outputTokens])).toEqual([
      [4808, 10],
      [3180, 8],
    ]);
    expect(requests[1]?.atMs).toBeCloseTo(52, 3);
  });

  it('reads our own events, each job once', () => {
    const text =
      '{"jobId":"a","event":"queued","atMs":1}\n' +
      '{"jobId":"a","submittedAtMs":10,"account":"x","deadlineAtMs":60,' +
      '"usage":{"inputTokens":"12","outputTokens":3}}\n' +
      '{"jobId":"a","submittedAtMs":10,"usage":{"inputTokens":12,"outputTokens":3}}\n';
    expect(asTrace(text).requests).toEqual([
      {
        atMs: 0,
        inputTokens: 12,
        outputTokens: 3,
        blockIds: [],
        account: 'x',
        deadlineInMs: 50,
      },
    ]);
  });

  it.each([
    ['nothing', '', ['1: there is no request in it']],
    ['no JSON', '{"input_length"', ['1: it is no JSON object']],
    [
      'a length below 0',
      '{"timestamp":0,"input_length":-1,"output_length":1,"hash_ids":[]}',
      ['1: inputTokens -1 is not a count of tokens'],
    ],
    [
      'a length that is no number',
      '{"timestamp":0,"input_length":"x","output_length":1}',
      ['1: inputTokens NaN is not a count of tokens'],
    ],
    [
      'more tokens than there are',
      '{"timestamp":0,"input_length":1e12,"output_length":1}',
      ['1: inputTokens 1000000000000 is not a count of tokens'],
    ],
    ['an instant that is none', 'TIMESTAMP,C,G\nyesterday,1,1', ['2: its instant is no number']],
    [
      'ids that are none',
      '{"timestamp":0,"input_length":1,"output_length":1,"hash_ids":["a"]}',
      ['1: a block has no id'],
    ],
    [
      'a hundred years',
      '{"timestamp":0,"input_length":1,"output_length":1}\n' +
        '{"timestamp":3e12,"input_length":1,"output_length":1}',
      ['1: it takes more than a year'],
    ],
  ])('refuses %s', (_what, text, problems) => {
    expect(problemsOf(text)).toEqual(problems);
  });

  it('stops after five faults', () => {
    expect(problemsOf('{"input_length"\n'.repeat(100))).toHaveLength(5);
  });

  it('brings requests nearer to each other', () => {
    const text = '{"timestamp":0,"input_length":1,"output_length":1}\n'.repeat(2);
    const later = text.replace('"timestamp":0', '"timestamp":100');
    expect(compressed(asTrace(later), 4).requests.map(({ atMs }) => atMs)).toEqual([0, 25]);
  });
});
