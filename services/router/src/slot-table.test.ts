import { SlotTable } from './slot-table.js';

const table = (slots: number): SlotTable => {
  const made = new SlotTable();
  made.resize('b', slots);
  return made;
};
const occupied = (...slots: number[]) => new Map([['b', new Set(slots)]]);

describe('the slot table', () => {
  it('gives each slot to one job until none is left', () => {
    const slots = table(2);
    expect([slots.take('b', 'j1', 0), slots.take('b', 'j2', 0), slots.take('b', 'j3', 0)]).toEqual([
      0,
      1,
      undefined,
    ]);
  });

  it('frees a slot for its own job only', () => {
    const slots = table(1);
    slots.take('b', 'j1', 0);
    expect([slots.release('b', 0, 'j0'), slots.release('b', 0, 'j1'), slots.inFlight('b')]).toEqual(
      [false, true, 0],
    );
  });

  it('frees what the server no longer has, once it had time to appear there', () => {
    const slots = table(1);
    slots.take('b', 'j1', 1_000);
    expect(slots.reconcile(occupied(), 2_999).freedJobIds).toEqual([]);
    expect(slots.reconcile(occupied(), 3_000).freedJobIds).toEqual(['j1']);
  });

  it('takes over what the server has and nobody here knew', () => {
    const slots = table(2);
    slots.reconcile(occupied(0), 1);
    expect([slots.inFlight('b'), slots.take('b', 'j1', 0), slots.take('b', 'j2', 0)]).toEqual([
      1,
      1,
      undefined,
    ]);
  });

  it('does not believe a list that is older than a release', () => {
    const slots = table(1);
    const askedAtMonoMs = performance.now();
    slots.take('b', 'j1', askedAtMonoMs);
    slots.release('b', 0, 'j1');
    slots.reconcile(occupied(0), askedAtMonoMs);
    expect(slots.take('b', 'j2', askedAtMonoMs)).toBe(0);
  });
});
