import { silentLog } from '@switchyard/domain';
import { Stops } from './stops.js';

describe('stopping', () => {
  it('goes from the last started to the first, one after the other', async () => {
    const told: string[] = [];
    const stops = new Stops(silentLog);
    stops.add('bus', async () => told.push('bus'));
    stops.add('door', async () => {
      told.push('door begins');
      await new Promise((resolve) => setImmediate(resolve));
      told.push('door ends');
    });
    await stops.all();
    expect(told).toEqual(['door begins', 'door ends', 'bus']);
  });

  it('goes on after a part that fails', async () => {
    const told: string[] = [];
    const warnings: object[] = [];
    const log = { ...silentLog, warn: (fields: object) => void warnings.push(fields) };
    const stops = new Stops(log);
    stops.add('bus', async () => told.push('bus'));
    stops.add('door', async () => {
      throw new Error('stuck');
    });
    await stops.all();
    expect(told).toEqual(['bus']);
    expect(warnings).toEqual([{ part: 'door', err: 'Error: stuck' }]);
  });

  it('happens once, however often it is asked for, and everybody waits for it', async () => {
    let count = 0;
    const stops = new Stops(silentLog);
    stops.add('slow', async () => {
      await new Promise((resolve) => setImmediate(resolve));
      count += 1;
    });
    void stops.all();
    await stops.all();
    expect(count).toBe(1);
  });
});
