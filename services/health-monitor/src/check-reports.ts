import 'reflect-metadata';
import { Controller, type DynamicModule, Inject, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { EventPattern, type MicroserviceOptions, Payload } from '@nestjs/microservices';
import { type Bus, type Delivery, discard, done, type Settlement } from '@switchyard/bus';
import { type DurableHandler, JetStreamStrategy } from '@switchyard/bus/nest';
import { decode, subjects, type WireCheckReport } from '@switchyard/contracts';
import { AppError, type Log } from '@switchyard/domain';

/** Who takes in the reports. */
export abstract class CheckReports {
  /** Called for each report in the order in which they were stored. Throws where it is none. */
  abstract take(report: WireCheckReport): void;
}

/** What was not yet acknowledged by a monitor that died comes to the next one. */
const reports: DurableHandler = {
  concurrency: 32,
  consumer: {
    stream: 'BACKEND_EVENTS',
    name: 'health-monitor',
    ackWaitMs: 30_000,
    maxAckPending: 256,
  },
};

@Controller()
class CheckController {
  constructor(@Inject(CheckReports) private readonly sink: CheckReports) {}

  /** A report that comes again, its acknowledgement lost, counts twice: the next pass mends it. */
  @EventPattern(subjects.checked, reports)
  check(@Payload() delivery: Delivery): Settlement {
    try {
      this.sink.take(decode<WireCheckReport>(delivery.data));
    } catch (caught) {
      return discard(AppError.from(caught).message);
    }
    return done;
  }
}

@Module({})
class CheckModule {
  static of(sink: CheckReports): DynamicModule {
    return {
      module: CheckModule,
      controllers: [CheckController],
      providers: [{ provide: CheckReports, useValue: sink }],
    };
  }
}

/** Hands every check report to `sink`, until closed. One at a time: they share a consumer. */
export async function followCheckReports(
  bus: Bus,
  log: Log,
  sink: CheckReports,
): Promise<() => Promise<void>> {
  const onProblem = (problem: string, cause?: unknown) =>
    log.warn(cause ? { err: AppError.from(cause).message } : {}, problem);
  const strategy = new JetStreamStrategy(bus, onProblem);
  const app = await NestFactory.createMicroservice<MicroserviceOptions>(CheckModule.of(sink), {
    strategy,
    logger: false,
    abortOnError: false,
  });
  await app.listen();
  return () => app.close();
}
