import { Controller, Get, HttpCode, Param, Post, Req, Res } from '@nestjs/common';
import { Dialect } from '@switchyard/contracts';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { BackendList } from './model-list.js';
import { noSuchModel } from './model-errors.js';
import { modelView } from './model-view.js';
import { OpenAiDoor } from './openai-door.js';

/** The OpenAI-compatible door. */
@Controller('v1')
export class OpenAiController {
  constructor(
    private readonly door: OpenAiDoor,
    private readonly backends: BackendList,
  ) {}

  @Post('chat/completions')
  @HttpCode(200)
  chat(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.door.serve(Dialect.chat, request, reply);
  }

  @Post('completions')
  @HttpCode(200)
  complete(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.door.serve(Dialect.completion, request, reply);
  }

  @Post('embeddings')
  @HttpCode(200)
  embed(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.door.serve(Dialect.embedding, request, reply);
  }

  @Get('models')
  models(): object {
    return { object: 'list', data: this.backends.models.map(modelView) };
  }

  /** The wildcard takes ids with slashes, such as `org/model`. */
  @Get('models/*')
  model(@Param('*') id: string): object {
    const model = this.backends.model(id);
    if (!model) throw noSuchModel(id);
    return modelView(model);
  }
}
