import { ConnectionPool } from './connection-pool.js';

describe('ConnectionPool', () => {
  it('lets in as many as the cap, and the longest waiting next', () => {
    const pool = new ConnectionPool({ connectionsMax: 2 });
    const entered: string[] = [];
    expect([pool.tryEnter(), pool.tryEnter(), pool.tryEnter()]).toEqual([true, true, false]);
    pool.wait(() => entered.push('first'));
    const giveUp = pool.wait(() => entered.push('second'));
    pool.wait(() => entered.push('third'));
    giveUp();
    pool.leave();
    pool.leave();
    expect(entered).toEqual(['first', 'third']);
    expect(pool.tryEnter()).toBe(false);
    pool.leave();
    expect(pool.tryEnter()).toBe(true);
  });

  it('grows with a backend that runs more at once than the cap', async () => {
    const pool = new ConnectionPool({ connectionsMax: 2 });
    const origin = 'http://127.0.0.1:1';
    const connections = pool.connectionsTo({
      origin,
      connectTimeoutMs: 100,
      maxConcurrentRequests: 3,
    });
    const let5 = Array.from({ length: 6 }, () => pool.tryEnter());
    expect(let5).toEqual([true, true, true, true, true, false]);
    await connections.destroy();
  });
});
