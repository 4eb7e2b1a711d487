import { Controller, Get } from '@nestjs/common';
import { Fleet } from './fleet.js';

/** What runs, read only. */
@Controller('api/v1')
export class FleetController {
  constructor(private readonly fleet: Fleet) {}

  @Get('nodes')
  nodes(): Promise<object> {
    return this.fleet.nodes();
  }

  @Get('stats')
  stats(): Promise<object> {
    return this.fleet.stats();
  }

  @Get('backends')
  backends(): object {
    return this.fleet.backends();
  }
}
