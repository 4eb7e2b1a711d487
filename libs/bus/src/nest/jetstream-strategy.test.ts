import 'reflect-metadata';
import { Controller, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { EventPattern, type MicroserviceOptions, Payload } from '@nestjs/microservices';
import { streams } from '@switchyard/contracts';
import { startTestNats, type TestNats } from '@switchyard/testing';
import { Bus } from '../bus.js';
import type { Delivery } from '../delivery.js';
import { retryAfter, type Settlement } from '../settle.js';
import { type DurableHandler, JetStreamStrategy } from './jetstream-strategy.js';

const durable = (name: string, concurrency = 2): DurableHandler => ({
  concurrency,
  consumer: { stream: 'BACKEND_EVENTS', name, ackWaitMs: 5_000, maxAckPending: 100 },
});
const heard: string[] = [];

@Controller()
class Observations {
  @EventPattern('events.backend.observed', durable('observed'))
  observe(@Payload() delivery: Delivery): Settlement | undefined {
    heard.push(`${Buffer.from(delivery.data).toString()} ${delivery.deliveryCount}`);
    return delivery.deliveryCount === 1 ? retryAfter(1) : undefined;
  }

  @EventPattern('events.backend.checked', durable('checked'))
  check(@Payload() delivery: Delivery): void {
    heard.push(`checked ${delivery.deliveryCount}`);
    if (delivery.deliveryCount === 1) throw new Error('first time');
  }
}

@Module({ controllers: [Observations] })
class TestModule {}

describe('the JetStream transport strategy', () => {
  let nats: TestNats;
  let bus: Bus;

  beforeEach(async () => {
    heard.length = 0;
    nats = await startTestNats();
    bus = await Bus.connect({ url: nats.url, name: 'test' });
    await bus.provision(Object.values(streams({ queueCapacity: 5 })), 1);
  });
  afterEach(async () => {
    await bus.drain(100);
    await nats.stop();
  });

  it('runs event handlers on durable consumers, and settles by what they answer', async () => {
    const strategy = new JetStreamStrategy(bus, () => {});
    const app = await NestFactory.createMicroservice<MicroserviceOptions>(TestModule, {
      strategy,
      logger: false,
    });
    await app.listen();
    await bus.publish('events.backend.observed', 'one');
    await bus.publish('events.backend.checked', 'two');
    while (heard.length < 4) await new Promise((resolve) => setTimeout(resolve, 5));
    await app.close();
    expect([...heard].sort()).toEqual(['checked 1', 'checked 2', 'one 1', 'one 2']);
  });

  it('refuses a second handler for a pattern, which Nest would chain', () => {
    const strategy = new JetStreamStrategy(bus, () => {});
    const handler = async () => {};
    strategy.addHandler('events.backend.observed', handler, true, durable('a'));
    expect(() =>
      strategy.addHandler('events.backend.observed', handler, true, durable('b')),
    ).toThrow('two handlers for events.backend.observed');
  });

  it('refuses a handler that names no consumer', async () => {
    const strategy = new JetStreamStrategy(bus, () => {});
    strategy.addHandler('events.backend.observed', async () => {}, true);
    const said = await new Promise((resolve) => void strategy.listen(resolve));
    expect(said).toMatchObject({
      message: 'events.backend.observed: @EventPattern needs { consumer, concurrency }',
    });
  });
});
