import { openOnce } from './open-once.js';

describe('what is opened once', () => {
  it('is opened with its first use, and is the same for all', async () => {
    let opened = 0;
    const bucket = openOnce(async () => {
      opened += 1;
      return { no: opened };
    });
    expect(opened).toBe(0);
    const [one, two] = await Promise.all([bucket(), bucket()]);
    expect([one, two, await bucket()]).toEqual([{ no: 1 }, { no: 1 }, { no: 1 }]);
    expect(two).toBe(one);
  });

  it('is tried again where it could not be opened', async () => {
    let tries = 0;
    const bucket = openOnce(async () => {
      tries += 1;
      if (tries === 1) throw new Error('not now');
      return 'open';
    });
    await expect(bucket()).rejects.toThrow('not now');
    expect([await bucket(), await bucket(), tries]).toEqual(['open', 'open', 2]);
  });
});
