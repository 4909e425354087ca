import Fastify from 'fastify';
import { gateway } from './gateway.ts';

const app = Fastify();

app.register(async (scope) => {
  // The gateway reads the body itself.
  scope.removeAllContentTypeParsers();
  scope.addContentTypeParser('*', (_request, _body, done) => done(null));
  // Below /graphql are documents by their ids.
  for (const path of ['/graphql', '/graphql/*'])
    scope.all(path, (request, reply) => {
      reply.hijack();
      gateway(request.raw, reply.raw);
    });
});

await app.listen({ port: Number(process.env.PORT ?? 4000), host: '127.0.0.1' });
console.log(app.server.address());
