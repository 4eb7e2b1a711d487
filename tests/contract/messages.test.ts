import { fromBinary, fromJson, toBinary, toJson } from '@bufbuild/protobuf';
import { conforms, decode, encode, events, readJob, subjects } from '@switchyard/contracts';
import { JobSchema } from '../../libs/contracts/src/generated/switchyard/v1/job_pb.js';
import { messages, readGoldens, recordGoldens } from './golden.js';

// `npm run contract` records; a test run only compares.
if (process.env.RECORD_GOLDEN === '1') recordGoldens();
const goldens = readGoldens();
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const bytes = (text: string) => new Uint8Array(Buffer.from(text, 'hex'));

describe('the recorded messages', () => {
  it('show every field of every message', () => {
    const shown = new Map<string, Set<string>>();
    for (const { schema, json } of goldens) {
      const fields = shown.get(schema.name) ?? new Set();
      shown.set(schema.name, new Set([...fields, ...Object.keys(json as object)]));
    }
    const missing = messages.flatMap(({ name, fields }) =>
      fields
        .filter(({ jsonName }) => !shown.get(name)?.has(jsonName))
        .map(({ jsonName }) => `${name}.${jsonName}`),
    );
    expect(missing).toEqual([]);
    expect(messages.map(({ name }) => name).filter((name) => !shown.has(name))).toEqual([]);
  });

  it('include the message of every event in the catalogue', () => {
    const recorded = new Set(goldens.map(({ name }) => name));
    expect(events.filter(({ message }) => !recorded.has(message))).toEqual([]);
  });

  describe.each(goldens)('$name', ({ schema, json, hex: recorded }) => {
    it('is canonical ProtoJSON, in the order of the fields', () => {
      expect(JSON.stringify(toJson(schema, fromJson(schema, json)))).toBe(JSON.stringify(json));
    });

    it('survives the bus as it is', () => {
      const received = decode<object>(new TextEncoder().encode(encode(json as object)));
      expect(received).toEqual(json);
      expect(toJson(schema, conforms(schema, received))).toEqual(json);
    });

    it('has the recorded bytes, and they read as the same message', () => {
      expect(hex(toBinary(schema, fromJson(schema, json)))).toBe(recorded);
      expect(toJson(schema, fromBinary(schema, bytes(recorded)))).toEqual(json);
    });
  });
});

describe('the NATS door', () => {
  const golden = goldens.find(({ name }) => name === 'Job');
  const subject = subjects.submit('normal', 'chat', 'team-a');
  const came = { subject, derivedId: 'derived', storedAtMs: 5 };
  const json = new TextEncoder().encode(JSON.stringify(golden?.json));

  it('knows every field of a job', () => {
    expect(readJob({ ...came, data: json, contentType: undefined })).toMatchObject({ id: 'job_1' });
  });

  it('reads the same job from ProtoJSON and from binary', () => {
    const data = toBinary(JobSchema, fromJson(JobSchema, golden?.json ?? null));
    expect(readJob({ ...came, data, contentType: 'application/protobuf' })).toEqual(
      readJob({ ...came, data: json, contentType: undefined }),
    );
  });
});
