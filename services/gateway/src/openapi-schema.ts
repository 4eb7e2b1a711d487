import type { ApiBodyOptions } from '@nestjs/swagger';
import { z } from 'zod';

type JsonSchema = Extract<ApiBodyOptions, { schema: unknown }>['schema'];

/** A zod schema as the OpenAPI document shows it: the one that checks is the one that is published. */
export const schemaOf = (schema: z.ZodType): JsonSchema => {
  const { $schema: _schema, ...rest } = z.toJSONSchema(schema, {
    io: 'input',
    unrepresentable: 'any',
    target: 'openapi-3.0',
  });
  return rest as JsonSchema;
};
