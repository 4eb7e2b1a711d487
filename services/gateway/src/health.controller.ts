import { Controller, Get, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { Readiness } from './readiness.js';

/** Readiness, liveness and metrics: open to everybody who reaches the port. */
@Controller()
export class HealthController {
  constructor(private readonly readiness: Readiness) {}

  @Get('health')
  async ready(@Res() reply: FastifyReply): Promise<void> {
    const { isReady, body } = await this.readiness.check();
    reply.code(isReady ? 200 : 503).send(body);
  }

  @Get('health/live')
  live(): object {
    return { status: 'alive' };
  }

  @Get('metrics')
  async metrics(@Res() reply: FastifyReply): Promise<void> {
    const { contentType, body } = await this.readiness.metrics();
    reply.type(contentType).send(body);
  }
}
