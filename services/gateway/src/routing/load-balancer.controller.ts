import { Body, Controller, Get, HttpCode, Post, Put, Query, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { readOllamaRoute, readSelect } from './job-sketch.js';
import { LoadBalancer } from './load-balancer.js';
import { readEstimate, readPlanQuery } from './plan-request.js';
import { StoredPreferences } from './stored-preferences.js';
import { Routing } from './routing.js';

/** The load balancer as its callers know it. */
@Controller('api')
export class LoadBalancerController {
  constructor(
    private readonly balancer: LoadBalancer,
    private readonly preferences: StoredPreferences,
    private readonly routing: Routing,
  ) {}

  @Get('loadbalancer/status')
  status(@Req() request: FastifyRequest): Promise<object> {
    return this.balancer.status(request.account);
  }

  @Get('loadbalancer/backends')
  backends(): Promise<object> {
    return this.balancer.backends();
  }

  @Get('loadbalancer/strategies')
  strategies(): object {
    return { success: true, ...this.routing.strategies() };
  }

  @Post('loadbalancer/select')
  @HttpCode(200)
  async select(
    @Req() request: FastifyRequest,
    @Body() body: unknown,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const { account, id } = request;
    const selection = await this.balancer.select(account, readSelect(body), id);
    reply.code(selection.status).send(selection.body);
  }

  @Get('loadbalancer/recommendations')
  recommendations(@Req() request: FastifyRequest, @Query() query: object): Promise<object> {
    return this.balancer.recommendations(request.account, readPlanQuery(query));
  }

  @Post('loadbalancer/estimate')
  @HttpCode(200)
  estimate(@Req() request: FastifyRequest, @Body() body: unknown): Promise<object> {
    return this.balancer.estimate(request.account, readEstimate(body));
  }

  @Get('loadbalancer/preferences')
  read(@Req() request: FastifyRequest, @Query() query: object): Promise<object> {
    return this.preferences.read(request.account, query);
  }

  @Put('loadbalancer/preferences')
  change(
    @Req() request: FastifyRequest,
    @Query() query: object,
    @Body() body: unknown,
  ): Promise<object> {
    return this.preferences.change(request, query, body);
  }

  @Post('ollama/route')
  @HttpCode(200)
  route(@Req() request: FastifyRequest, @Body() body: unknown): Promise<object> {
    return this.balancer.route(request.account, readOllamaRoute(body));
  }
}
