import { Deafness } from './deafness.js';
import { Instances } from './instances.js';

const beat = {
  instanceId: 'executor-1',
  service: 'executor-ollama',
  address: '',
  startedAtMs: 0,
  seq: 0,
  state: 'active',
  inFlight: 0,
  capacity: 4,
  backends: ['gpu-1'],
} as const;

describe('a process that could hear nobody', () => {
  it.each([
    { name: 'a look in time', nowMs: 1_000, isConnected: true, deafMs: 0 },
    { name: 'a look on a busy machine', nowMs: 3_900, isConnected: true, deafMs: 0 },
    { name: 'a process that stood still', nowMs: 41_000, isConnected: true, deafMs: 40_000 },
    { name: 'no connection', nowMs: 1_000, isConnected: false, deafMs: 1_000 },
  ])('$name', ({ nowMs, isConnected, deafMs }) => {
    expect(new Deafness(1_000, 0).look(nowMs, isConnected)).toBe(deafMs);
  });

  it('thinks nobody dead who had no chance to be heard', () => {
    const instances = new Instances(0);
    const deafness = new Deafness(1_000, 0);
    instances.hear('executor-1', beat, 0);
    for (let nowMs = 1_000; nowMs <= 100_000; nowMs += 1_000) {
      instances.excuse(deafness.look(nowMs, nowMs > 90_000), nowMs);
      expect(instances.advance(nowMs)).toEqual([]);
    }
    expect(instances.isAbandoned('gpu-1', 100_000)).toBe(false);
    expect(instances.isAbandoned('gpu-2', 100_000)).toBe(false);
    expect(instances.isAbandoned('gpu-1', 121_000)).toBe(true);
  });

  it('makes nobody younger than what was just heard', () => {
    const instances = new Instances(0);
    instances.hear('executor-1', beat, 39_000);
    instances.excuse(30_000, 40_000);
    expect(instances.list()[0]?.heardAtMs).toBe(40_000);
  });
});
