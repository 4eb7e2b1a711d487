import { Controller, Delete, Get, HttpCode, Param, Post, Query, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { TaskDoor } from './task-door.js';
import { TaskEvents } from './task-events.js';
import { readTaskQuery } from './task-query.js';
import { TaskStream } from './task-stream.js';
import { Tasks } from './tasks.js';

/** Tasks: jobs as the REST door calls them. */
@Controller('api/v1/tasks')
export class TasksController {
  constructor(
    private readonly door: TaskDoor,
    private readonly tasks: Tasks,
    private readonly events: TaskEvents,
    private readonly streams: TaskStream,
  ) {}

  @Post()
  @HttpCode(202)
  submit(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.door.submit(request, reply);
  }

  @Get()
  list(@Req() request: FastifyRequest, @Query() query: object): Promise<object> | object {
    const asked = readTaskQuery(query, request.account);
    return asked ? this.tasks.list(asked) : { tasks: [], next_cursor: null };
  }

  /** Jobs that ended without an answer, and why: given up, or lost with their executors. */
  @Get('failed')
  failed(@Req() request: FastifyRequest, @Query() query: object): Promise<object> {
    const asked = readTaskQuery({ status: 'failed', ...query }, request.account);
    return this.tasks.listWithReason(asked);
  }

  /** Jobs that lost an attempt since no executor of its backend was left, however they ended. */
  @Get('orphaned')
  orphaned(@Req() request: FastifyRequest, @Query() query: object): Promise<object> {
    const asked = readTaskQuery(query, request.account);
    return this.tasks.listWithReason(asked && { ...asked, isOrphaned: true });
  }

  @Get(':id')
  get(@Req() request: FastifyRequest, @Param('id') id: string): Promise<object> {
    return this.tasks.get(request.account, id);
  }

  @Delete(':id')
  @HttpCode(202)
  cancel(@Req() request: FastifyRequest, @Param('id') id: string): Promise<object> {
    return this.tasks.cancel(request.account, id);
  }

  @Get(':id/stream')
  follow(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.streams.stream(request, reply);
  }

  @Get(':id/events')
  watch(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.events.stream(request, reply);
  }
}
