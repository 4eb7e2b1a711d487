import type { Bus } from '@switchyard/bus';
import { type AdmitAnswer, encode } from '@switchyard/contracts';
import { AppError } from '@switchyard/domain';
import type { FastifyReply } from 'fastify';
import { DoorRates } from './door-rates.js';
import type { Places } from './places.js';

const reply = { header: () => reply } as unknown as FastifyReply;
const places = { countWaiting: () => {}, entered: () => {} } as unknown as Places;
const standing = { waitMs: 0, requests: 1, tokens: 0, requestsResetMs: 0, tokensResetMs: 0 };

/** A door whose questions are answered from a script, and by nobody after its end. */
function doorWith(answers: AdmitAnswer[], requestsPerMinute: number) {
  const ask = async () => {
    const answer = answers.shift();
    if (!answer) throw new AppError('unavailable', 'nobody answers this subject');
    return Buffer.from(encode(answer));
  };
  const bus = { ask, emit: () => {} } as unknown as Bus;
  const limits = { rates: { requestsPerMinute }, accounts: {} };
  return new DoorRates({ bus, doorId: 'a', places, steadyNow: () => 0, limits });
}

/** How many of so many requests are let in. */
async function letIn(door: DoorRates, requests: number): Promise<number> {
  let count = 0;
  for (let at = 0; at < requests; at += 1) {
    const isIn = await door.admit({ account: 'team-a' }, reply).then(
      () => true,
      () => false,
    );
    if (isIn) count += 1;
  }
  return count;
}

describe('a door that no router answers', () => {
  it('lets in what the limit allows where it never heard of another door', async () => {
    expect(await letIn(doorWith([], 8), 20)).toBe(8);
  });

  it('lets in its share among the doors there were', async () => {
    expect(await letIn(doorWith([{ standings: [standing], doors: 4 }], 8), 20)).toBe(2);
  });
});
