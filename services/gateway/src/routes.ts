import type { FastifyInstance } from 'fastify';

/** Remembers every route, so that a wrong method is told apart from an unknown path. */
export function rememberRoutes(fastify: FastifyInstance): (path: string) => readonly string[] {
  const routes: { readonly form: RegExp; readonly methods: readonly string[] }[] = [];
  fastify.addHook('onRoute', ({ url, method }) => {
    const form = url
      .replace(/[.+?^${}()|[\]\\]/g, '\\$&')
      .replace(/:[A-Za-z]+/g, '[^/]+')
      .replace(/\*[A-Za-z]*/g, '.+');
    routes.push({ form: new RegExp(`^${form}/?$`), methods: [method].flat() });
  });
  return (path) => {
    const found = routes.filter(({ form }) => form.test(path)).flatMap(({ methods }) => methods);
    return [...new Set(found)].sort();
  };
}
