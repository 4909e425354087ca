import { defineConfig } from 'vite';

/** The gateway behind the dashboard's own origin: no CORS, and no address of it in the build. */
const proxy = { '/graphql': process.env.GATEWAY_URL ?? 'http://127.0.0.1:4000' };

export default defineConfig({
  // The gateway serves the build at /dashboard/, another server perhaps at /.
  base: './',
  server: { host: '127.0.0.1', proxy },
  preview: { host: '127.0.0.1', proxy },
});
