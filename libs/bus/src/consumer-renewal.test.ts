import { consumers } from '@switchyard/contracts';
import { ConsumerRenewal } from './consumer-renewal.js';

const [first, second] = [consumers.retries(10), consumers.submissions('normal', 10)];

/** Consumers as a server keeps them; each new one is made at the next instant. */
function serverWith(names: readonly string[]) {
  const made = new Map(names.map((name, at) => [name, String(at)]));
  const calls: string[] = [];
  /** Whose making is done and never answered. */
  const unanswered = new Set<string>();
  const provisioner = {
    createdAt: async ({ name }: { name: string }) => made.get(name),
    removeConsumer: async ({ name }: { name: string }) => {
      calls.push(`remove ${name}`);
      made.delete(name);
    },
    consumer: async ({ name }: { name: string }) => {
      if (made.has(name)) return;
      calls.push(`make ${name}`);
      made.set(name, String(made.size + calls.length));
      if (unanswered.delete(name)) throw new Error('timeout');
    },
  };
  return { provisioner, calls, unanswered, made };
}

describe('ConsumerRenewal', () => {
  it('makes each consumer anew once, also where one of them has to be asked for again', async () => {
    const { provisioner, calls, unanswered } = serverWith([first.name, second.name]);
    const renewal = new ConsumerRenewal(provisioner);
    unanswered.add(first.name);
    await expect(renewal.renew([first, second])).rejects.toThrow('timeout');
    await renewal.renew([first, second]);
    expect(calls.toSorted()).toEqual(
      [first, second].flatMap(({ name }) => [`make ${name}`, `remove ${name}`]).toSorted(),
    );
  });

  it.each([
    ['makes what was removed and never made', 'consumer'],
    ['removes again what a lost request left as it was', 'removeConsumer'],
  ] as const)('%s', async (_title, request) => {
    const { provisioner, calls, made } = serverWith([first.name]);
    let isLost = true;
    const renewal = new ConsumerRenewal({
      ...provisioner,
      [request]: async (spec: typeof first) => {
        if (isLost) throw new Error('timeout');
        await provisioner[request](spec);
      },
    });
    await expect(renewal.renew([first])).rejects.toThrow('timeout');
    isLost = false;
    await renewal.renew([first]);
    expect(calls).toEqual([`remove ${first.name}`, `make ${first.name}`]);
    expect(made.has(first.name)).toBe(true);
  });
});
