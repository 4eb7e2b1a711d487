import { startFakeOpenAi } from '@switchyard/testing';
import { startHouse } from './house.js';
import { Started } from './started.js';
import { eventually, testBackend } from './yard.js';

const outputTokens = 60;
type Shown = { readonly result: { readonly response: string } };

/** The text of a stream's events, and whether it ended well. */
function readStream(text: string) {
  const events = text
    .split('\n')
    .filter((line) => line.startsWith('data: '))
    .map((line) => line.slice('data: '.length));
  const contents = events
    .filter((event) => event !== '[DONE]')
    .map((event) => JSON.parse(event).choices?.[0]?.delta?.content ?? '');
  return { words: contents.join(''), isDone: events.at(-1) === '[DONE]' };
}

describe('a stream over a restart of NATS', () => {
  const started = new Started();
  afterEach(() => started.stop());

  it('goes on, and is there again for who comes later', async () => {
    const fake = started.keep(
      await startFakeOpenAi({ models: ['m'], outputTokens, tokensPerSecond: 20 }),
    );
    const house = started.keep(await startHouse({ backends: [testBackend('one', fake.url)] }));
    const task = { payload: 'hi', parameters: { model: 'm' }, stream: true };
    const submitted = await house.post('/api/v1/tasks', task);
    const { task_id: id } = (await submitted.json()) as { readonly task_id: string };
    const url = `${house.url}/api/v1/tasks/${id}/stream`;
    await fake.until(({ running }) => running === 1);
    const early = await fetch(url);
    await house.nats.kill9();
    await house.nats.restart();
    let late: Response | undefined;
    await eventually(async () => {
      late = await fetch(`${url}?from=0`);
      expect(late.status).toBe(200);
    });
    const [first, second] = [
      readStream(await early.text()),
      readStream((await late?.text()) ?? ''),
    ];
    expect(first.isDone && second.isDone).toBe(true);
    expect(first.words).toBe(second.words);
    const shown = (await (await fetch(`${house.url}/api/v1/tasks/${id}`)).json()) as Shown;
    expect(first.words).toBe(shown.result.response);
    expect(fake.counts.calls).toBe(1);
  }, 30_000);
});
