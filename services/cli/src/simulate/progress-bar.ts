import { Presets, SingleBar } from 'cli-progress';
import type { Terminal } from '../terminal.js';

/** A bar on stderr where a person looks at it; else nothing. */
export function progressBar(
  terminal: Terminal,
  total: number,
  what: string,
): { readonly update: (done: number) => void; readonly stop: () => void } {
  if (terminal.isJson || !process.stderr.isTTY) return { update: () => {}, stop: () => {} };
  const bar = new SingleBar(
    {
      format: `{bar} {percentage} % | {value} of {total} ${what} | {eta_formatted} left`,
      stream: process.stderr,
      hideCursor: true,
      clearOnComplete: true,
      // The simulation never waits: the bar is drawn when it is told, not by a timer.
      forceRedraw: true,
    },
    Presets.shades_classic,
  );
  bar.start(total, 0);
  return {
    update: (done) => {
      bar.update(done);
      bar.render();
    },
    stop: () => bar.stop(),
  };
}
