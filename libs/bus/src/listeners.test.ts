import { Listeners } from './listeners.js';

describe('the listeners of a process', () => {
  it.each([
    ['results.j1', 'results.*', true],
    ['results.blob.j1.1', 'results.*', false],
    ['stream.j1.2', 'stream.j1.*', true],
    ['stream.j2.2', 'stream.j1.*', false],
    ['slot.free.gpu.3', 'slot.free.*.*', true],
    ['slot.free.gpu', 'slot.free.*.*', false],
    ['heartbeat.executor.a', 'heartbeat.>', true],
    ['heartbeat', 'heartbeat.>', false],
    ['heartbeat.executor.a', 'heartbeat.*.a', true],
    ['events.backend.observed', 'events.backend.observed', true],
    ['events.backend.checked', 'events.backend.observed', false],
    ['results', 'results', true],
    ['results.j1', '>', true],
    ['results.j1', '*.j1', true],
    ['results.j1', '*.j2', false],
    ['results.j1', 'results', false],
  ])('%s is heard on %s: %s', (subject, pattern, isHeard) => {
    const listeners = new Listeners();
    const heard: string[] = [];
    listeners.add(pattern, (from) => heard.push(from));
    listeners.tell(subject, '');
    expect(heard).toEqual(isHeard ? [subject] : []);
  });

  it('tell each of several once, and none that has left', () => {
    const listeners = new Listeners();
    const heard: string[] = [];
    const leave = listeners.add('results.*', () => heard.push('gone'));
    listeners.add('results.*', () => heard.push('any'));
    listeners.add('results.j1', () => heard.push('one'));
    leave();
    listeners.tell('results.j1', '');
    expect(heard.sort()).toEqual(['any', 'one']);
  });

  it('count as those it concerns, but for who says that it does not', () => {
    const listeners = new Listeners();
    listeners.add('results.*', (subject) => subject === 'results.j1');
    expect([listeners.tell('results.j1', ''), listeners.tell('results.j2', '')]).toEqual([1, 0]);
    listeners.add('results.*', () => {});
    expect([listeners.tell('results.j1', ''), listeners.tell('results.j2', '')]).toEqual([2, 1]);
  });

  it('are not kept from a message by the fault of another', () => {
    const listeners = new Listeners();
    const heard: string[] = [];
    listeners.add('results.*', () => {
      throw new Error('a fault that is only warned of');
    });
    listeners.add('results.*', () => heard.push('second'));
    listeners.tell('results.j1', '');
    expect(heard).toEqual(['second']);
  });
});
