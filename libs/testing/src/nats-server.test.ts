import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { type TestNats, startTestNats } from './nats-server.js';

const started: TestNats[] = [];
const start = async (options = {}) => {
  const nats = await startTestNats(options);
  started.push(nats);
  return nats;
};
const isAlive = (pid: number) => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

afterEach(async () => {
  await Promise.all(started.splice(0).map((nats) => nats.stop()));
});

describe('startTestNats', () => {
  it('starts two servers at once, each with its own port, name and store', async () => {
    const [first, second] = await Promise.all([start(), start()]);
    expect(new Set([first.port, second.port]).size).toBe(2);
    expect(new Set([first.serverName, second.serverName]).size).toBe(2);
    expect([existsSync(first.storeDir), existsSync(second.storeDir)]).toEqual([true, true]);
  });

  it('restarts after a kill on the same port and store, as a new process', async () => {
    const nats = await start();
    const pidBefore = nats.pid;
    await nats.kill9();
    expect(isAlive(pidBefore)).toBe(false);
    await nats.restart();
    expect(nats.pid).not.toBe(pidBefore);
    expect(execFileSync('ps', ['-o', 'args=', '-p', String(nats.pid)]).toString()).toContain('-c');
  });

  it('removes its folder on stop, and stop may be called again', async () => {
    const nats = await start();
    await nats.stop();
    await nats.stop();
    expect([existsSync(nats.storeDir), isAlive(nats.pid)]).toEqual([false, false]);
  });

  it('says what the server said when it does not start', async () => {
    await expect(start({ configLines: ['no_such_field: {'] })).rejects.toThrow(/nats-server ended/);
  });
});
