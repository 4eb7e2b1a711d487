import { create, toBinary } from '@bufbuild/protobuf';
import { startFakeOpenAi } from '@switchyard/testing';
import { JobSchema } from '../../libs/contracts/src/generated/switchyard/v1/job_pb.js';
import { type House, startHouse } from './house.js';
import { Started } from './started.js';
import { PlainNats } from './plain-nats.js';
import { eventually, testBackend } from './yard.js';

const door = 'jobs.submit.normal.chat.default';
const body = { model: 'sim-chat', messages: [{ role: 'user', content: 'which track?' }] };

type Cell = {
  readonly jobId: string;
  readonly status: string;
  readonly outcome: {
    readonly failure?: { readonly code: string; readonly message: string };
    readonly result?: { readonly body: { choices: { message: { content: string } }[] } };
  };
};

describe('the NATS door, for a client without a library,', () => {
  const started = new Started();
  let house: House;
  let fake: Awaited<ReturnType<typeof startFakeOpenAi>>;
  let client: PlainNats;
  let createdAtMs = 0;

  beforeAll(async () => {
    fake = started.keep(await startFakeOpenAi({ text: 'echo' }));
    house = started.keep(await startHouse({ backends: [testBackend('one', fake.url)] }));
    client = started.keep(await PlainNats.open(house.nats.url));
    const info = JSON.parse(await client.request('$JS.API.STREAM.INFO.JOBS', ''));
    createdAtMs = Date.parse(info.created);
    await client.subscribe('results.*');
  });
  afterAll(() => started.stop());
  afterEach(() => fake.reset());

  /** Publishes, reads the acknowledgement of the stream, and tells the id that it gives the job. */
  const submit = async (data: string | Uint8Array, subject = door, contentType?: string) => {
    const ack = JSON.parse(await client.request(subject, data, contentType));
    expect(ack).toMatchObject({ stream: 'JOBS', seq: expect.any(Number) });
    return `r${createdAtMs.toString(36)}-${ack.seq.toString(36)}`;
  };
  const outcome = async (jobId: string): Promise<Cell> =>
    JSON.parse((await client.message(`results.${jobId}`)).data);
  const contentOf = (cell: Cell) => cell.outcome.result?.body.choices[0]?.message.content;

  it('runs a job whose id is derived from the acknowledgement', async () => {
    const jobId = await submit(JSON.stringify({ body }));
    const cell = await outcome(jobId);
    expect([cell.jobId, cell.status, contentOf(cell)]).toEqual([
      jobId,
      'succeeded',
      'which track?',
    ]);
    const kept = JSON.parse(await client.request(`$JS.API.DIRECT.GET.STATE.state.${jobId}`, ''));
    expect(kept).toMatchObject({ jobId, status: 'succeeded' });
  });

  it('gives one job for one id, however often it is submitted', async () => {
    const job = JSON.stringify({ id: 'plain-1', body });
    await submit(job);
    await submit(job);
    expect((await outcome('plain-1')).status).toBe('succeeded');
    await submit(job);
    // What comes after in the same class was read after.
    expect((await outcome(await submit(JSON.stringify({ body })))).status).toBe('succeeded');
    await eventually(async () => expect((await house.bus.streamState('JOBS')).messages).toBe(0));
    expect([fake.counts.calls, client.untaken('results.plain-1')]).toEqual([2, []]);
  });

  it('takes binary protobuf that says so in its header', async () => {
    const data = toBinary(JobSchema, create(JobSchema, { id: 'plain-2', body }));
    await submit(data, door, 'application/protobuf');
    const cell = await outcome('plain-2');
    expect([cell.status, contentOf(cell)]).toEqual(['succeeded', 'which track?']);
  });

  it.each([
    ['no JSON', door, '{"body":', /JSON/],
    ['nothing', door, '', /JSON/],
    ['a text', door, '"hello"', /object/],
    ['bytes of no text', door, new Uint8Array([0xff, 0xfe, 0]), /JSON/],
    ['no body', door, '{}', /^body: /],
    ['no model', door, '{"body":{"messages":[{"role":"user","content":"x"}]}}', /^model: /],
    ['no messages', door, '{"body":{"model":"sim-chat"}}', /^messages: /],
    ['a field nobody knows', door, JSON.stringify({ body, budget: 1 }), /budget/],
    ['a field of a wrong type', door, JSON.stringify({ body, stream: 'yes' }), /^stream: /],
    ['a priority out of range', door, JSON.stringify({ body, priority: 11 }), /^priority: /],
    ['an id with dots', door, JSON.stringify({ id: 'a.b', body }), /^id: /],
    ['an id with wildcards', door, JSON.stringify({ id: '>', body }), /^id: /],
    ['a kind nobody knows', 'jobs.submit.normal.juggling.default', '{}', /juggling/],
    ['a kind nobody runs', 'jobs.submit.normal.image.default', '{}', /image/],
    ['a strategy nobody knows', door, JSON.stringify({ body, strategy: 'luck' }), /^strategy: /],
    [
      'a model nobody has',
      door,
      JSON.stringify({ body: { ...body, model: 'nobody' } }),
      /^model: /,
    ],
  ])('gives %s a dead letter and a failed outcome, and goes on', async (...row) => {
    const [, subject, data, message] = row;
    const jobId = await submit(data, subject);
    const { status, outcome: told } = await outcome(jobId);
    expect([status, told.failure?.message]).toEqual(['failed', expect.stringMatching(message)]);
    const letter = await client.request(`$JS.API.DIRECT.GET.DEAD.dead.${jobId}`, '');
    expect(JSON.parse(letter)).toMatchObject({ jobId, failure: told.failure });
    expect((await outcome(await submit(JSON.stringify({ body })))).status).toBe('succeeded');
    expect(fake.counts.calls).toBe(1);
  });

  it('gives bytes that are no protobuf a dead letter, and goes on', async () => {
    const jobId = await submit(new Uint8Array([7, 255]), door, 'application/protobuf');
    expect((await outcome(jobId)).outcome.failure?.message).toMatch(/protobuf/);
    expect((await outcome(await submit(JSON.stringify({ body })))).status).toBe('succeeded');
  });
});
