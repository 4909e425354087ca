/** The settings that every subject is started with. */
export const port = Number(process.env.PORT);
export const upstreamUrl = process.env.UPSTREAM_URL ?? '';
export const host = '127.0.0.1';
