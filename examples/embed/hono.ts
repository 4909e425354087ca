import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import { gateway } from './gateway.ts';

const app = new Hono();

// Below /graphql are documents by their ids.
app.all('/graphql/*', ({ req }) => gateway.fetch(req.raw));

serve({ fetch: app.fetch, port: Number(process.env.PORT ?? 4000), hostname: '127.0.0.1' }, console.log);
