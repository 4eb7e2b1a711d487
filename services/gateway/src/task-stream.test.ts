import { jest } from '@jest/globals';
import { encode, subjects } from '@switchyard/contracts';
import { AppError } from '@switchyard/domain';
import { completion, delta, eventsOf, gate, Harness, idsOf, jsonOf } from './testing/harness.js';

const task = { payload: 'hi', parameters: { model: 'm' }, stream: true };

describe('the stream of a task', () => {
  let harness: Harness;
  let replica: string;
  beforeAll(async () => {
    harness = await Harness.start();
    replica = await harness.replica();
  });
  afterAll(() => harness.stop());
  beforeEach(() => {
    harness.jobs.length = 0;
  });

  const submit = async (fields: object = {}): Promise<string> =>
    (await jsonOf(await harness.post('/api/v1/tasks', { ...task, ...fields }))).task_id;
  const succeeded = (streamEvents: number) => ({ streamEvents, streamCharacters: 3 });

  it('goes on at another gateway behind the last event that the client has', async () => {
    const goOn = gate();
    const begun = gate();
    harness.play = async (played) => {
      await played.start();
      played.chunk(0, [delta('a')], { characters: 1 });
      played.chunk(1, [delta('b')], { offsetCharacters: 1, characters: 1 });
      begun.open();
      await goOn.opened;
      played.chunk(2, [delta('c', 'stop')], { offsetCharacters: 2, characters: 1 });
      await played.succeed(completion('abc'), succeeded(3));
    };
    const id = await submit();
    await begun.opened;
    const first = await harness.fetch(`/api/v1/tasks/${id}/stream`);
    const reader = (first.body as ReadableStream<Uint8Array>).getReader();
    let seen = '';
    while (!seen.includes('1-1-2')) seen += Buffer.from((await reader.read()).value ?? []);
    expect(idsOf(seen)).toEqual(['1-0-1', '1-1-2']);
    await reader.cancel();

    const headers = { 'last-event-id': '1-0-1' };
    const second = fetch(`${replica}/api/v1/tasks/${id}/stream`, { headers });
    const third = fetch(`${replica}/api/v1/tasks/${id}/stream?from=1-1`);
    goOn.open();
    const behindFirst = await (await second).text();
    expect(eventsOf(behindFirst)).toEqual([delta('b'), delta('c', 'stop'), '[DONE]']);
    expect(idsOf(behindFirst)).toEqual(['1-1-2', '1-2-3']);
    expect(eventsOf(await (await third).text())).toEqual([delta('c', 'stop'), '[DONE]']);
  });

  it('of a task that has ended is taken from its result where the chunks are gone', async () => {
    harness.play = async (played) => {
      await played.start();
      await played.succeed(completion('abc'), succeeded(3));
    };
    const id = await submit();
    const get = async (query: string) => {
      const response = await harness.fetch(`/api/v1/tasks/${id}/stream${query}`);
      return { status: response.status, text: await response.text() };
    };
    await harness.hasJob();
    const contents = (text: string) =>
      eventsOf(text).map((event) =>
        event === '[DONE]' ? event : JSON.parse(event).choices[0].delta.content,
      );
    expect(contents((await get('')).text)).toEqual(['abc', undefined, '[DONE]']);
    expect(contents((await get('?from=1-0-1')).text)).toEqual(['bc', undefined, '[DONE]']);
    expect(contents((await get('?from=1-2-3')).text)).toEqual(['[DONE]']);
    // Two events are no measure of the text in them.
    expect((await get('?from=2')).status).toBe(502);
  });

  it('never goes on with another attempt', async () => {
    harness.play = async (played) => {
      await played.start();
      played.chunk(0, [delta('x'), delta('y', 'stop')], { attemptNo: 2, characters: 2 });
      await played.succeed(completion('xy'), { ...succeeded(2) });
    };
    const id = await submit();
    const headers = { 'last-event-id': '7-0-1' };
    const response = await harness.fetch(`/api/v1/tasks/${id}/stream`, { headers });
    expect((await jsonOf(response)).error.code).toBe('stream_interrupted');
  });

  it('answers 503, and not half an answer, where the state cannot be read meanwhile', async () => {
    const over = gate();
    harness.play = async (played) => {
      await played.start();
      await over.opened;
      await played.succeed(completion('a'), succeeded(1));
    };
    const id = await submit();
    await harness.hasJob();
    const { cells } = harness.bus;
    const state = await cells.read(id);
    const read = jest.spyOn(cells, 'read').mockResolvedValueOnce(state);
    read.mockImplementationOnce(async () => {
      const chunk = { firstEvent: 0, events: [delta('a')], characters: 1 };
      harness.bus.emit(subjects.chunks(id, 1), encode(chunk));
      await harness.bus.flush();
      throw new AppError('unavailable', 'the connection to NATS is down');
    });
    const response = await harness.fetch(`/api/v1/tasks/${id}/stream`);
    read.mockRestore();
    expect([response.status, (await jsonOf(response)).error.code]).toEqual([503, 'unavailable']);
    const again = harness.fetch(`/api/v1/tasks/${id}/stream`);
    over.open();
    expect(eventsOf(await (await again).text())).toEqual([delta('a'), '[DONE]']);
  });

  it.each([
    ['?from=x', 400, 'invalid_request'],
    ['?from=-1', 400, 'invalid_request'],
  ])('refuses %s', async (query, status, code) => {
    const id = await submit();
    const response = await harness.fetch(`/api/v1/tasks/${id}/stream${query}`);
    expect([response.status, (await jsonOf(response)).error.code]).toEqual([status, code]);
  });
});

describe('a streamed chat whose client comes back', () => {
  it('goes on behind the last event, by its key', async () => {
    const harness = await Harness.start();
    harness.play = async (played) => {
      if (!(await played.start())) return;
      played.chunk(0, [delta('a')], { characters: 1 });
      played.chunk(1, [delta('b', 'stop')], { offsetCharacters: 1, characters: 1 });
      await played.succeed(completion('ab'), { streamEvents: 2, streamCharacters: 2 });
    };
    const body = { model: 'm', stream: true, messages: [{ role: 'user', content: 'hi' }] };
    const ask = (headers: Record<string, string>) =>
      harness.post('/v1/chat/completions', body, { 'idempotency-key': 'k', ...headers });
    const whole = await (await ask({})).text();
    expect(idsOf(whole)).toEqual(['1-0-1', '1-1-2']);
    const rest = await (await ask({ 'last-event-id': '1-0-1' })).text();
    expect(eventsOf(rest)).toEqual([delta('b', 'stop'), '[DONE]']);
    await harness.stop();
  });
});
