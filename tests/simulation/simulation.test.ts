import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** What `npm run simulate` says at its end; see there for the environment that it reads. */
type Told = {
  readonly seeds: number;
  readonly broken: readonly string[];
  readonly ended: Readonly<Record<string, number>>;
  readonly marks: readonly string[];
};

/** A campaign may take long; what belongs to the suite does not. */
const timeoutMs = 3_600_000;
const script = fileURLToPath(new URL('../../scripts/simulate.mjs', import.meta.url));

describe('a small Switchyard on a simulated clock and network', () => {
  it(
    'keeps its laws whatever the seed, and tells the same of the same seed',
    async () => {
      const { seeds, broken, ended, marks } = await simulate();
      expect(broken).toEqual([]);
      // Jobs do run, and come to each of their ends.
      expect(ended.succeeded).toBeGreaterThan(2 * seeds);
      const never = ['canceled', 'expired', 'failed'].filter((end) => !ended[end]);
      expect(seeds < 50 ? [] : never).toEqual([]);
      expect(marks[2]).toBe(marks[0]);
      expect(marks[1]).not.toBe(marks[0]);
    },
    timeoutMs,
  );
});

/** In a process without jest, which would make every seed three times as slow. */
function simulate(): Promise<Told> {
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [script], { maxBuffer: 2 ** 26 }, (error, stdout, stderr) => {
      const last = stdout.trim().split('\n').at(-1) ?? '';
      // It ends with a code where a law was broken; that is told too.
      if (last.startsWith('{')) resolve(JSON.parse(last) as Told);
      else reject(new Error(`${error?.message ?? ''} ${stderr} ${stdout}`));
    });
  });
}
