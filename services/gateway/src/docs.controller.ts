import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { Controller, Get, Param, Res } from '@nestjs/common';
import { AppError } from '@switchyard/domain';
import type { FastifyReply } from 'fastify';
import { OpenApiDocument } from './openapi.js';

const require = createRequire(import.meta.url);

/** The files of swagger-ui that its page asks for; nothing else of the folder is served. */
const files: Readonly<Record<string, string>> = {
  'swagger-ui.css': 'text/css; charset=utf-8',
  'swagger-ui-bundle.js': 'text/javascript; charset=utf-8',
  'favicon-32x32.png': 'image/png',
};

const page = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Switchyard API</title>
<link rel="icon" href="/api/docs/favicon-32x32.png">
<link rel="stylesheet" href="/api/docs/swagger-ui.css">
</head>
<body>
<div id="swagger-ui"></div>
<script src="/api/docs/swagger-ui-bundle.js"></script>
<script src="/api/docs/start.js"></script>
</body>
</html>
`;
const start = `SwaggerUIBundle({ url: '/api/docs-json', dom_id: '#swagger-ui' });\n`;
const policy =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'";

/**
 * The pages of the OpenAPI document.
 *
 * Served from here and not through @fastify/static, which @nestjs/swagger would load for these
 * three files.
 */
@Controller('api')
export class DocsController {
  constructor(private readonly document: OpenApiDocument) {}

  @Get('docs-json')
  async json(@Res() reply: FastifyReply): Promise<void> {
    const text = await this.document.text();
    reply.type('application/json; charset=utf-8').send(text);
  }

  @Get('docs')
  show(@Res() reply: FastifyReply): void {
    reply.type('text/html; charset=utf-8').header('content-security-policy', policy).send(page);
  }

  @Get('docs/start.js')
  start(@Res() reply: FastifyReply): void {
    reply.type('text/javascript; charset=utf-8').send(start);
  }

  @Get('docs/:file')
  async file(@Param('file') file: string, @Res() reply: FastifyReply): Promise<void> {
    const type = Object.hasOwn(files, file) ? files[file] : undefined;
    if (!type) throw new AppError('not_found', 'no such page');
    const data = await readFile(
      join(dirname(require.resolve('swagger-ui-dist/package.json')), file),
    );
    reply.type(type).header('cache-control', 'public, max-age=3600').send(data);
  }
}
