import {
  Body,
  Controller,
  Get,
  HttpCode,
  Param,
  Post,
  Put,
  Query,
  Req,
  UseGuards,
} from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { AdminOnly } from '../admin-only.js';
import { readDecisionQuery } from './decision-query.js';
import { Decisions } from './decisions.js';
import { Quality } from './quality.js';
import { Routing } from './routing.js';

/** How and why jobs are routed. */
@Controller('api/v1')
export class RoutingController {
  constructor(
    private readonly decisions: Decisions,
    private readonly routing: Routing,
    private readonly quality: Quality,
  ) {}

  @Get('decisions')
  list(@Req() request: FastifyRequest, @Query() query: object): Promise<object> {
    return this.decisions.list(request.account, readDecisionQuery(query));
  }

  @Get('tasks/:id/explain')
  explain(@Req() request: FastifyRequest, @Param('id') id: string): Promise<object> {
    return this.decisions.explain(request.account, id);
  }

  /** What would become of a task; its body is that of a submission. */
  @Post('tasks/quote')
  @HttpCode(200)
  quote(@Req() request: FastifyRequest, @Body() body: unknown): Promise<object> {
    return this.routing.quote(request.account, body);
  }

  @Get('strategies')
  strategies(): object {
    return this.routing.strategies();
  }

  @Get('strategy')
  strategy(): Promise<object> {
    return this.routing.strategy();
  }

  /** For keys of operators alone. */
  @Put('strategy')
  @UseGuards(AdminOnly)
  change(@Req() request: FastifyRequest, @Body() body: unknown): Promise<object> {
    return this.routing.changeStrategy(request.account, body);
  }

  /** How good the answer to a task was. */
  @Post('quality/feedback')
  @HttpCode(202)
  rate(@Req() request: FastifyRequest, @Body() body: unknown): Promise<object> {
    return this.quality.rate(request, body);
  }

  @Get('learned-weights')
  learned(): Promise<object> {
    return this.routing.learned();
  }
}
