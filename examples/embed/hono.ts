import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import { gateway } from './gateway.ts';

const app = new Hono();

app.all('/graphql', ({ req }) => gateway.fetch(req.raw));

serve({ fetch: app.fetch, port: Number(process.env.PORT ?? 4000), hostname: '127.0.0.1' }, console.log);
