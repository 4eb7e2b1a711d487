import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Context } from '../context.js';
import { runSimulate, type SimulateOptions } from './simulate.js';

const row = (at: number) =>
  JSON.stringify({
    timestamp: 500 * at,
    input_length: 2000 + 100 * (at % 7),
    output_length: 20,
    hash_ids: [0, 1 + (at % 5), 10 + (at % 5), 20 + at],
  });

describe('switchyard simulate', () => {
  let folder = '';
  let text = '';
  const context = {
    terminal: {
      isJson: false,
      isInteractive: false,
      write: () => {},
      out: (line: string) => void (text += line),
      note: () => {},
      readInput: async () => '',
    },
  } as unknown as Context;
  const run = (changes: Partial<SimulateOptions>) => {
    const trace = join(folder, 'trace.jsonl.gz');
    const strategy = 'round_robin,shortest-ttft';
    return runSimulate(context, { trace, strategy, speed: 1, seed: 1, ...changes });
  };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'switchyard-simulate-'));
    const rows = Array.from({ length: 60 }, (_, at) => row(at));
    await writeFile(join(folder, 'trace.jsonl.gz'), gzipSync(rows.join('\n')));
    await writeFile(join(folder, 'fleet.yaml'), 'backends:\n  - { id: gpu, count: 2, slots: 4 }\n');
    await writeFile(join(folder, 'bad.yaml'), '- { slots: -1 }\n');
  });
  beforeEach(() => {
    text = '';
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('prints a row for each strategy and writes a report that needs nothing else', async () => {
    const html = join(folder, 'report.html');
    await run({ backends: join(folder, 'fleet.yaml'), html });
    expect(text).toMatch(/60 requests/);
    expect(text).toMatch(/^round_robin +\d/m);
    expect(text).toMatch(/^shortest_ttft +\d/m);
    const page = await readFile(html, 'utf8');
    expect(page.match(/<canvas /g)).toHaveLength(10);
    for (const what of ['did not get', 'Utilisation', 'Fairness']) expect(page).toContain(what);
    expect(page).not.toMatch(/<(script|link)[^>]+(src|href)=/);
  });

  it.each([
    ['no strategy', { strategy: 'round_robbin' }, /Did you mean round_robin\?/],
    ['no file', { trace: '/nowhere/at/all' }, /cannot be read/],
    ['no trace', { trace: 'fleet.yaml' }, /is no trace: line 1: it is no JSON object/],
    ['no backends', { backends: 'bad.yaml' }, /backend 1: slots must be from 1 to 10000/],
  ])('says what is wrong where there is %s', async (_what, changes, message) => {
    const files = Object.fromEntries(
      Object.entries(changes).map(([name, value]) => [
        name,
        name === 'strategy' ? value : join(value.startsWith('/') ? '' : folder, value),
      ]),
    );
    await expect(run(files)).rejects.toThrow(message);
  });
});
