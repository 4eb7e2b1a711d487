import { Bus } from '@switchyard/bus';
import { startFakeOpenAi } from '@switchyard/testing';
import { type House, startHouse } from './house.js';
import { Started } from './started.js';
import { eventually, testBackend } from './yard.js';

/** Hints are core messages: whoever may publish on NATS may send any. */
describe('hints that nobody should have sent', () => {
  const started = new Started();
  let house: House;
  let stranger: Bus;

  beforeAll(async () => {
    const fake = started.keep(await startFakeOpenAi({ models: ['m'] }));
    const one = testBackend('one', fake.url, { maxConcurrentRequests: 1 });
    house = started.keep(await startHouse({ backends: [one] }));
    stranger = await Bus.connect({ url: house.nats.url, name: 'stranger' });
    started.keep({ stop: () => stranger.drain() });
  }, 60_000);
  afterAll(() => started.stop());

  const counted = async () => {
    const { body } = await house.metrics.text();
    const lines = body.split('\n').filter((each) => each.includes('strange_messages_total{'));
    return lines.map((each) => each.replace(/^.*{message="(.*)",reason="(.*)"} /, '$1 $2 '));
  };

  it('are counted where they cannot be read, and change nothing', async () => {
    const ask = { model: 'm', messages: [{ role: 'user', content: 'hi' }] };
    const outcome = '{"jobId":"nobody","status":"succeeded","outcome":{"status":"succeeded"}}';
    const hints: readonly (readonly [subject: string, text: string])[] = [
      ['results.nobody', outcome],
      ['results.nobody', 'no JSON'],
      ['cancel.nobody', ''],
      ['slot.free.one.0', 'nobody'],
      ['slot.free.nobody.x', 'nobody'],
      ['slot.first.nobody', 'nobody'],
      ['rated.one', 'no JSON'],
      ['rpc.router.spent', 'no JSON'],
      ['rpc.router.spent', '{"id":"nobody","tokens":1}'],
      ['events.backend.observed', '[]'],
      ['heartbeat.x.nobody', '{"instanceId":"nobody","backends":"one"}'],
      ['heartbeat.x.forger', '{"instanceId":"house-1-openai-compatible","backends":[]}'],
    ];
    for (const [subject, text] of hints) stranger.emit(subject, text);
    await eventually(async () => {
      expect((await counted()).toSorted()).toEqual([
        'heartbeat forged 1',
        'heartbeat malformed 1',
        'hint malformed 3',
        'observation malformed 1',
      ]);
    });
    const response = await house.post('/v1/chat/completions', ask);
    expect(response.status).toBe(200);
    const task = await fetch(`${house.url}/api/v1/tasks/nobody`);
    expect(task.status).toBe(404);
  });
});
