import { Controller, Delete, Get, HttpCode, Param, Post, Query, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { readDeadLetterQuery } from './dead-letter-view.js';
import { DeadLetters } from './dead-letters.js';
import { jobHeader } from './door.js';

/** Jobs that were given up. */
@Controller('api/v1/dead-letters')
export class DeadLettersController {
  constructor(private readonly letters: DeadLetters) {}

  @Get()
  list(@Req() request: FastifyRequest, @Query() query: object): Promise<object> {
    return this.letters.list(request.account, readDeadLetterQuery(query));
  }

  @Get(':id')
  get(@Req() request: FastifyRequest, @Param('id') id: string): Promise<object> {
    return this.letters.get(request.account, id);
  }

  @Post(':id/retry')
  @HttpCode(202)
  async retry(
    @Req() request: FastifyRequest,
    @Param('id') id: string,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const { taskId, isNew } = await this.letters.retry(request.account, id);
    reply.header(jobHeader, taskId).header('location', `/api/v1/tasks/${taskId}`);
    const message = isNew ? 'The task is stored and will run.' : 'It was sent again before.';
    reply.code(isNew ? 202 : 200).send({ task_id: taskId, retry_of: id, message });
  }

  @Delete(':id')
  async discard(@Req() request: FastifyRequest, @Param('id') id: string): Promise<object> {
    await this.letters.discard(request.account, id);
    return { task_id: id, message: 'The letter is thrown away.' };
  }
}
