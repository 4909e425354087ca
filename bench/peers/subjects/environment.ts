/** What every subject is told by whoever starts it. */
export const port = Number(process.env.PORT);
export const upstreamUrl = process.env.UPSTREAM_URL ?? '';
export const host = '127.0.0.1';
