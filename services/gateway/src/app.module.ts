import { type DynamicModule, Module } from '@nestjs/common';
import { TerminusModule } from '@nestjs/terminus';
import type { GatewayServices } from './gateway-services.js';
import { HealthController } from './health.controller.js';
import { BackendList } from './model-list.js';
import { OpenAiController } from './openai.controller.js';
import { OpenAiDoor } from './openai-door.js';
import { Readiness, ReadinessSources } from './readiness.js';

/** The composition root: the parts made by createGateway, handed to the controllers. */
@Module({})
export class AppModule {
  static of(services: GatewayServices, sources: ReadinessSources): DynamicModule {
    return {
      module: AppModule,
      imports: [TerminusModule.forRoot({ logger: false })],
      controllers: [OpenAiController, HealthController],
      providers: [
        { provide: OpenAiDoor, useValue: new OpenAiDoor(services) },
        { provide: BackendList, useValue: services.backends },
        { provide: ReadinessSources, useValue: sources },
        Readiness,
      ],
    };
  }
}
