import Fastify from 'fastify';
import { gateway } from '../gateway.ts';

const app = Fastify();

app.all('/graphql', ({ raw, body, headers }, reply) => {
  reply.hijack();
  gateway(headers['x-parser'] === 'lost' ? raw : Object.assign(raw, { body }), reply.raw);
});

await app.listen({ port: 0, host: '127.0.0.1' });
console.log(app.server.address());
