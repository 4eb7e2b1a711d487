import { EventFeed } from './event-feed.js';

describe('EventFeed', () => {
  it('gives everything that came since the last take as one batch', async () => {
    const feed = new EventFeed();
    feed.push('a', 0, false);
    feed.push('b', 5, true);
    expect(await feed.take()).toEqual({
      kind: 'events',
      events: ['a', 'b'],
      characters: 5,
      hasContent: true,
    });
    feed.push('c', 0, false);
    expect(await feed.take()).toEqual({
      kind: 'events',
      events: ['c'],
      characters: 0,
      hasContent: false,
    });
  });

  it('wakes who waits, and ends', async () => {
    const feed = new EventFeed();
    const taken = feed.take();
    feed.push('a', 1, true);
    expect((await taken)?.events).toEqual(['a']);
    const last = feed.take();
    feed.end();
    expect(await last).toBeUndefined();
  });

  it('fails only after what came before the failure', async () => {
    const feed = new EventFeed();
    const reason = new Error('broken');
    feed.push('a', 1, true);
    feed.fail(reason);
    expect((await feed.take())?.events).toEqual(['a']);
    await expect(feed.take()).rejects.toBe(reason);
  });

  it('fails at once when cleared', async () => {
    const feed = new EventFeed();
    feed.push('a', 1, true);
    feed.clear();
    feed.fail('reason');
    await expect(feed.take()).rejects.toBe('reason');
  });

  it('is full above a megabyte, until it is taken', async () => {
    const feed = new EventFeed();
    feed.push('x'.repeat(1024 * 1024), 0, false);
    expect(feed.isFull).toBe(false);
    feed.push('x', 0, false);
    expect(feed.isFull).toBe(true);
    await feed.take();
    expect(feed.isFull).toBe(false);
  });
});
