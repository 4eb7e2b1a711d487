import { silentLog } from '@switchyard/domain';
import { ServerClock } from './server-clock.js';

const stream = { createdAtMs: 0, firstSeq: 0, lastSeq: 0, messages: 0 };
const clockBeside = (serverAtMs: () => number | undefined, wallMs = () => 1_000_000) =>
  new ServerClock({
    bus: {
      streamState: async () => {
        const atMs = serverAtMs();
        return atMs === undefined ? stream : { ...stream, serverAtMs: atMs };
      },
    },
    log: silentLog,
    wallMs,
  });
const minutes = (count: number) => count * 60_000;

describe('a clock beside that of the server', () => {
  it.each([minutes(10), minutes(-10)])('is put right where it is off by %i ms', async (offMs) => {
    const clock = clockBeside(() => 1_000_000 - offMs);
    await clock.look();
    // Half the way to the server and back is not known.
    expect(Math.abs(clock.nowMs() - (1_000_000 - offMs))).toBeLessThan(1_000);
  });

  it('is left alone where the server is near it, or does not say', async () => {
    for (const serverAtMs of [997_000, undefined]) {
      const clock = clockBeside(() => serverAtMs);
      await clock.look();
      expect(clock.nowMs()).toBe(1_000_000);
    }
  });

  it('keeps what it found while the server does not answer', async () => {
    let answer = () => 1_000_000 - minutes(10);
    const clock = clockBeside(() => answer());
    await clock.look();
    const found = clock.nowMs();
    answer = () => {
      throw new Error('down');
    };
    await clock.look();
    expect(clock.nowMs()).toBe(found);
  });

  it('follows a clock that is put right by hand', async () => {
    let wallMs = 1_000_000;
    const clock = clockBeside(
      () => 400_000,
      () => wallMs,
    );
    await clock.look();
    wallMs = 400_000;
    await clock.look();
    expect(clock.nowMs()).toBe(400_000);
  });
});
