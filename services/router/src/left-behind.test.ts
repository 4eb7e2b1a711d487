import { silentLog } from '@switchyard/domain';
import { LeftBehind } from './left-behind.js';

type Held = { readonly stream: string; readonly seq: number };

/** Looks at streams whose oldest messages are these, with these in hand. */
function watcher() {
  let oldest: Readonly<Record<string, number>> = {};
  let held: readonly Held[] | 'standing by' = [];
  const streamState = async (name: string) => {
    const firstSeq = oldest[name] ?? 0;
    return { messages: firstSeq > 0 ? 1 : 0, firstSeq, lastSeq: firstSeq, createdAtMs: 0 };
  };
  const waiting = () => held !== 'standing by' && held.map((origin) => ({ origin }));
  const left = new LeftBehind({ bus: { streamState }, log: silentLog }, waiting);
  return async (now: Readonly<Record<string, number>>, inHand: typeof held = []) => {
    [oldest, held] = [now, inHand];
    let isFound = false;
    await left.look(() => {
      isFound = true;
    });
    return isFound;
  };
}

describe('what was left behind', () => {
  const inTurn = async (turns: number, look: (turn: number) => Promise<boolean>) => {
    const found: boolean[] = [];
    for (let turn = 0; turn < turns; turn += 1) found.push(await look(turn));
    return found;
  };

  it('is found at the third look that sees the same message in nobody’s hands', async () => {
    const look = watcher();
    expect(await inTurn(4, () => look({ JOBS: 208 }))).toEqual([false, false, true, false]);
  });

  it('is nothing that waits here', async () => {
    const look = watcher();
    const held = [{ stream: 'RETRIES', seq: 7 }];
    expect(await inTurn(4, () => look({ RETRIES: 7 }, held))).not.toContain(true);
  });

  it('is not a message of the same number in the other stream', async () => {
    const look = watcher();
    const held = [{ stream: 'RETRIES', seq: 7 }];
    expect(await inTurn(3, () => look({ JOBS: 7 }, held))).toContain(true);
  });

  it.each([
    ['while the line moves', (turn: number) => ({ JOBS: 10 + turn })],
    ['in empty streams', () => ({})],
  ])('is nothing %s', async (_when, oldest) => {
    const look = watcher();
    expect(await inTurn(6, (turn) => look(oldest(turn)))).not.toContain(true);
  });

  it('is the business of the router that leads', async () => {
    const look = watcher();
    expect(await inTurn(6, () => look({ JOBS: 208 }, 'standing by'))).not.toContain(true);
  });
});
