import type { INestApplication } from '@nestjs/common';
import type { OpenAPIObject } from '@nestjs/swagger';
import { bodySchemaOf, Dialect } from '@switchyard/contracts';
import { AppError } from '@switchyard/domain';
import { z } from 'zod';
import { isDoorPath, isOpenAiPath } from './door.js';
import { openAiErrorShape, restErrorShape } from './error-shapes.js';
import { feedbackSchema } from './routing/quality-request.js';
import { tagHeaders } from './job-tags.js';
import { taskSchema } from './task-request.js';

/**
 * What a request's body must be, by its path: the schemas that check are the ones that are
 * published.
 */
const bodies: Readonly<Record<string, z.ZodType>> = {
  '/v1/chat/completions': bodySchemaOf(Dialect.chat),
  '/v1/completions': bodySchemaOf(Dialect.completion),
  '/v1/embeddings': bodySchemaOf(Dialect.embedding),
  '/api/v1/tasks': taskSchema,
  '/api/v1/tasks/quote': taskSchema,
  '/api/v1/quality/feedback': feedbackSchema,
};

/** Paths whose POST is a job, and takes the headers that label one. */
const submits = new Set([
  '/v1/chat/completions',
  '/v1/completions',
  '/v1/embeddings',
  '/api/v1/tasks',
]);
const tagParameters = Object.entries(tagHeaders).map(([name, description]) => ({
  name,
  description,
  in: 'header' as const,
  required: false,
  schema: { type: 'string' as const },
}));

/** Paths that are no part of the API. */
const hidden = /^\/api\/docs/;

/**
 * The OpenAPI document of the doors. Made on the first request for it: @nestjs/swagger costs a
 * start a quarter of a second and 10 MB, and most processes are never asked.
 */
export class OpenApiDocument {
  #app: INestApplication | undefined;
  #text: Promise<string> | undefined;

  /** Tells whose routes are published. */
  describe(app: INestApplication): void {
    this.#app = app;
  }

  /** The document as JSON. */
  text(): Promise<string> {
    this.#text ??= this.#make();
    return this.#text;
  }

  async #make(): Promise<string> {
    if (!this.#app) throw new AppError('internal', 'the OpenAPI document has no application');
    const { DocumentBuilder, SwaggerModule } = await import('@nestjs/swagger');
    const config = new DocumentBuilder()
      .setTitle('Switchyard')
      .setDescription('One durable door in front of every AI backend a team owns or rents.')
      .setVersion('0.1.0')
      .addBearerAuth()
      .addSecurityRequirements('bearer')
      .build();
    const document = SwaggerModule.createDocument(this.#app, config);
    for (const path of Object.keys(document.paths)) {
      if (hidden.test(path)) delete document.paths[path];
    }
    for (const [path, schema] of Object.entries(bodies)) {
      const post = document.paths[path]?.post;
      const content = { 'application/json': { schema: schemaOf(schema) } };
      if (post) Object.assign(post, { requestBody: { required: true, content } });
      if (post && submits.has(path))
        post.parameters = [...(post.parameters ?? []), ...tagParameters];
    }
    tellAnswers(document);
    return JSON.stringify(document);
  }
}

/**
 * What no route tells of its answers: every operation of a door may be refused, one that takes jobs
 * may find no money for it, and a task may be over at once.
 */
function tellAnswers(document: OpenAPIObject): void {
  const schemas = {
    OpenAiError: schemaOf(openAiErrorShape),
    RestError: schemaOf(restErrorShape),
  };
  document.components = {
    ...document.components,
    schemas: { ...document.components?.schemas, ...schemas },
  };
  for (const [path, { get, post, put, patch, delete: remove }] of Object.entries(document.paths)) {
    if (!isDoorPath(path)) continue;
    const name: keyof typeof schemas = isOpenAiPath(path) ? 'OpenAiError' : 'RestError';
    const schema = { $ref: `#/components/schemas/${name}` };
    const error = (description: string) => ({
      description,
      content: { 'application/json': { schema } },
    });
    for (const operation of [get, post, put, patch, remove]) {
      if (operation) operation.responses['default'] = error('refused or failed');
    }
    if (post && submits.has(path))
      post.responses['402'] = error('no budget pays for a backend that could take this job');
  }
  const submit = document.paths['/api/v1/tasks']?.post;
  if (submit) submit.responses['200'] = { description: 'known before, or over within ?wait=' };
}

function schemaOf(schema: z.ZodType): object {
  const shown = z.toJSONSchema(schema, {
    io: 'input',
    unrepresentable: 'any',
    target: 'openapi-3.0',
  });
  const { $schema: _schema, ...rest } = shown;
  return rest;
}
