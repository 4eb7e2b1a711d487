import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { streams, textOf } from '@switchyard/contracts';
import { AppError } from '@switchyard/domain';
import { startTestNats, type TestNats } from '@switchyard/testing';
import { Bus } from './bus.js';
import type { Delivery } from './delivery.js';
import { answerOfMessages } from './rpc.js';
import { done, retryAfter } from './settle.js';

const all = Object.values(streams({ queueCapacity: 5 }));
const consumer = {
  stream: 'RETRIES',
  name: 'test',
  filter: 'jobs.retry.>',
  ackWaitMs: 1_000,
  maxAckPending: 100,
};
const subject = 'jobs.retry.normal.chat.a';

describe('the bus on a real server', () => {
  let nats: TestNats;
  let bus: Bus;

  beforeEach(async () => {
    nats = await startTestNats();
    bus = await Bus.connect({ url: nats.url, name: 'test' });
    expect(bus.serverName).toBe(nats.serverName);
    await bus.provision(all, 1);
  });
  afterEach(async () => {
    await bus.drain(100);
    await nats.stop();
  });

  const until = (isMet: () => boolean) =>
    new Promise<void>((resolve) => {
      const look = () => (isMet() ? resolve() : setTimeout(look, 5));
      look();
    });

  it('provisions twice without a change, and updates what may be updated', async () => {
    await bus.provision(all, 1);
    const larger = Object.values(streams({ queueCapacity: 7 }));
    await bus.provision(larger, 1);
    const stored = await Promise.all(
      Array.from({ length: 8 }, (_, at) =>
        bus.publish('jobs.submit.normal.chat.a', `{"at":${at}}`),
      ),
    );
    expect(stored.filter((each) => each.kind === 'full')).toEqual([
      { kind: 'full', perSubject: false },
    ]);
  });

  it('refuses to turn a stream into another kind, and says how to go on', async () => {
    const other = { ...streams({ queueCapacity: 5 }).RETRIES, storage: 'memory' } as const;
    await expect(bus.provision([other], 1)).rejects.toThrow(
      'the stream RETRIES was made otherwise and cannot be changed: RETRIES.storage is file, needed memory. ' +
        'Drain it and remove it with "nats stream rm RETRIES", then start again',
    );
  });

  it('answers messages: as they are in this process, spelled out for another', async () => {
    const other = await Bus.connect({ url: nats.url, name: 'other' });
    const asked: object[] = [];
    const answer = answerOfMessages(async (message) => {
      asked.push(message);
      if ('isWrong' in message) throw new AppError('not_found', 'it is wrong');
      return message;
    });
    const stop = await bus.answer('rpc.test.message', 'test', answer);
    const own = { at: 1 };
    expect(await bus.askMessage('rpc.test.message', own)).toBe(own);
    expect(asked[0]).toBe(own);
    expect(await other.askMessage('rpc.test.message', own)).toEqual(own);
    for (const asker of [bus, other]) {
      const wrong = asker.askMessage('rpc.test.message', { isWrong: true });
      await expect(wrong).rejects.toMatchObject({ code: 'not_found' });
    }
    stop();
    const nobody = bus.askMessage('rpc.test.message', own);
    await expect(nobody).rejects.toMatchObject({ code: 'unavailable' });
    await other.drain(100);
  });

  it('is heard once by each listener, in its own process and in another', async () => {
    const other = await Bus.connect({ url: nats.url, name: 'other' });
    const heard: string[] = [];
    bus.listen('results.*', (from, data) => heard.push(`here ${from} ${textOf(data)}`));
    other.listen('results.*', (from, data) => heard.push(`there ${from} ${textOf(data)}`));
    await Promise.all([bus.flush(), other.flush()]);
    bus.emit('results.a', 'x');
    bus.tell('results.b', { at: 1 });
    await until(() => heard.length >= 4);
    await other.flush();
    expect(heard.sort()).toEqual([
      'here results.a x',
      'here results.b {"at":1}',
      'there results.a x',
      'there results.b {"at":1}',
    ]);
    await other.drain(100);
  });

  it('answers questions of its own process as those of another, faults too', async () => {
    const other = await Bus.connect({ url: nats.url, name: 'other' });
    await bus.answer('rpc.test.echo', 'test', (data) => {
      if (data.length === 0) throw new AppError('not_found', 'nothing to say');
      if (data.length > 3) throw new Error('a fault of our own');
      return data;
    });
    for (const asker of [bus, other]) {
      expect(textOf(await asker.ask('rpc.test.echo', 'hi'))).toBe('hi');
      await expect(asker.ask('rpc.test.echo', '')).rejects.toMatchObject({ code: 'not_found' });
      const fault = asker.ask('rpc.test.echo', 'long');
      await expect(fault).rejects.toMatchObject({
        code: 'internal',
        message: 'an internal fault',
      });
    }
    await other.drain(100);
  });

  it('refuses a header value that would begin another header', async () => {
    const headers = { traceparent: 'x\r\nNats-Msg-Id: stolen' };
    await expect(bus.publish(subject, '{}', { headers })).rejects.toThrow(
      'traceparent: holds a line break',
    );
  });

  it('gives a slot to one of many racers', async () => {
    const racers = await Promise.all(
      Array.from({ length: 20 }, () => bus.publish('dispatch.one.0', '{}')),
    );
    expect(racers.filter((each) => each.kind === 'stored')).toHaveLength(1);
    expect(racers.filter((each) => each.kind === 'full' && each.perSubject)).toHaveLength(19);
  });

  it('lets one of many writers of a state cell win, and shows the others what is there', async () => {
    const writes = await Promise.all(
      Array.from({ length: 20 }, (_, at) =>
        bus.cells.write({ jobId: 'j', status: 'running', attemptNo: at }, 0),
      ),
    );
    const winners = writes.filter((write) => write.kind === 'written');
    expect(winners).toHaveLength(1);
    const current = await bus.cells.read('j');
    expect(
      writes.filter((write) => write.kind === 'refused').map((write) => write.current),
    ).toEqual(Array.from({ length: 19 }, () => current));
  });

  it('hands a message out again after its handler threw, and only then is done', async () => {
    const counts: number[] = [];
    await bus.consume({
      consumer,
      concurrency: 4,
      onProblem: () => {},
      handle: (delivery) => {
        counts.push(delivery.deliveryCount);
        if (delivery.deliveryCount === 1) throw new Error('first time');
        return delivery.deliveryCount === 2 ? retryAfter(1) : done;
      },
    });
    await bus.publish(subject, '{}');
    await until(() => counts.length === 3);
    expect(counts).toEqual([1, 2, 3]);
  });

  it('runs no more handlers at once than the gate allows', async () => {
    const open: (() => void)[] = [];
    let most = 0;
    let running = 0;
    let ended = 0;
    await bus.consume({
      consumer,
      concurrency: 2,
      onProblem: () => {},
      handle: async () => {
        running += 1;
        most = Math.max(most, running);
        await new Promise<void>((resolve) => open.push(resolve));
        running -= 1;
        ended += 1;
        return done;
      },
    });
    for (let at = 0; at < 6; at += 1) await bus.publish(subject, '{}');
    while (ended < 6) {
      await until(() => open.length > 0);
      open.shift()?.();
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(most).toBe(2);
  });

  it('keeps a renewed delivery, and hands out again one that is not', async () => {
    const seen: Delivery[] = [];
    await bus.consume({
      consumer,
      concurrency: 10,
      onProblem: () => {},
      handle: (delivery) => {
        seen.push(delivery);
        return { kind: 'hold' };
      },
    });
    await bus.publish(subject, '{"renewed":true}');
    await bus.publish(subject, '{"renewed":false}');
    await until(() => seen.length === 2);
    const renewal = setInterval(() => bus.settler.renew(seen[0]?.receipt ?? ''), 200);
    await until(() => seen.length === 3);
    clearInterval(renewal);
    expect(seen.map(({ seq, deliveryCount }) => [seq, deliveryCount])).toEqual([
      [1, 1],
      [2, 1],
      [2, 2],
    ]);
  });

  it('gives everything out at once where the consumer is made anew', async () => {
    const patient = { ...consumer, ackWaitMs: 600_000 };
    const consume = (handle: (delivery: Delivery) => { readonly kind: 'hold' }) =>
      bus.consume({
        consumer: patient,
        concurrency: 10,
        onProblem: () => {},
        handle,
      });
    let first = 0;
    const consumption = await consume(() => {
      first += 1;
      return { kind: 'hold' };
    });
    for (let at = 0; at < 5; at += 1) await bus.publish(subject, '{}');
    await until(() => first === 5);
    await bus.stopConsuming(consumption);
    await bus.renewal().renew([patient]);
    let second = 0;
    await consume(() => {
      second += 1;
      return { kind: 'hold' };
    });
    await until(() => second === 5);
    expect([first, second]).toEqual([5, 5]);
  });

  it('makes a consumer again that was deleted under it, and gives out anew what it had', async () => {
    const problems: string[] = [];
    const seen: string[] = [];
    await bus.consume({
      consumer: { ...consumer, ackWaitMs: 600_000 },
      concurrency: 10,
      onProblem: (problem) => problems.push(problem),
      handle: (delivery) => {
        seen.push(textOf(delivery.data));
        return { kind: 'hold' };
      },
    });
    await bus.publish(subject, '1');
    await until(() => seen.length === 1);
    await bus.removeConsumer(consumer);
    await until(() => !bus.isHealthy);
    await bus.publish(subject, '2');
    await until(() => seen.length === 3);
    expect(bus.isHealthy).toBe(true);
    expect(seen).toEqual(['1', '1', '2']);
    expect(problems).toEqual(['RETRIES/test: consumer_deleted', 'RETRIES/test: made again']);
  });

  it('is not healthy while a stream is gone, and goes on once it is made again', async () => {
    const seen: string[] = [];
    await bus.consume({
      consumer,
      concurrency: 10,
      onProblem: () => {},
      handle: (delivery) => {
        seen.push(textOf(delivery.data));
        return done;
      },
    });
    const nc = await connect({ servers: nats.url });
    await (await jetstreamManager(nc)).streams.delete('RETRIES');
    await nc.close();
    await until(() => !bus.isHealthy);
    await bus.provision(Object.values(streams({ queueCapacity: 1_000 })), 1);
    await bus.publish(subject, 'again');
    await until(() => seen.length === 1);
    expect(bus.isHealthy).toBe(true);
  });

  it('holds a lease for one, lets it expire unless renewed, and hands it over when released', async () => {
    const lease = await bus.leases.acquire('router', 'one', 1_000);
    expect(await bus.leases.acquire('router', 'two', 1_000)).toBeUndefined();
    const unknown = lease && (await bus.leases.renew(lease, 1_000));
    // As after a renewal whose answer got lost.
    const renewed = lease && (await bus.leases.renew(lease, 1_000));
    expect(renewed?.seq).toBeGreaterThan(unknown?.seq ?? Number.POSITIVE_INFINITY);
    if (renewed) await bus.leases.release(renewed);
    expect(renewed && (await bus.leases.renew(renewed, 1_000))).toBeUndefined();
    const other = await bus.leases.acquire('router', 'two', 1_000);
    expect(other?.holder).toBe('two');
    for (;;) {
      const taken = await bus.leases.acquire('router', 'three', 1_000);
      if (taken) break;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    expect(other && (await bus.leases.renew(other, 1_000))).toBeUndefined();
  });

  it('refuses at once while the server is away, and works again when it is back', async () => {
    await nats.kill9();
    await until(() => !bus.isConnected);
    await expect(bus.publish(subject, '{}')).rejects.toMatchObject({ code: 'unavailable' });
    await nats.restart();
    await until(() => bus.isConnected);
    expect(await bus.publish(subject, '{}')).toMatchObject({ kind: 'stored' });
  });

  it('replaces a value only over the revision that was read', async () => {
    const bucket = await bus.keyValues<{ at: number }>('health');
    const first = await bucket.replace('b', { at: 1 }, undefined);
    expect(await bucket.replace('b', { at: 2 }, undefined)).toBeUndefined();
    const second = await bucket.replace('b', { at: 2 }, first);
    expect(await bucket.replace('b', { at: 3 }, first)).toBeUndefined();
    expect(await bucket.get('b')).toEqual({ key: 'b', value: { at: 2 }, revision: second });
    await bucket.delete('b');
    expect(await bucket.replace('b', { at: 4 }, second)).toBeUndefined();
    expect(await bucket.replace('b', { at: 4 }, undefined)).toBeGreaterThan(second ?? 0);
  });

  it('has not begun to answer before the server knows of it', async () => {
    const other = await Bus.connect({ url: nats.url, name: 'other' });
    let isAnswering = false;
    process.kill(nats.pid, 'SIGSTOP');
    // The signal is on its way to every thread of the server when kill() returns.
    await new Promise((resolve) => setTimeout(resolve, 100));
    const answering = bus.answer('rpc.test.ready', 'test', () => 'here');
    void answering.then(() => {
      isAnswering = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 20));
    const wasAnswering = isAnswering;
    process.kill(nats.pid, 'SIGCONT');
    await answering;
    expect(wasAnswering).toBe(false);
    expect(textOf(await other.ask('rpc.test.ready', ''))).toBe('here');
    await other.drain(100);
  });

  it('carries the refusal of an answer to who asked', async () => {
    await bus.answer('rpc.test.fail', 'test', () => {
      throw new Error('secret detail');
    });
    await expect(bus.ask('rpc.test.fail', '')).rejects.toMatchObject({
      code: 'internal',
      message: 'an internal fault',
    });
    await expect(bus.ask('rpc.test.nobody', '')).rejects.toMatchObject({ code: 'unavailable' });
  });
});
