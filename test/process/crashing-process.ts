import { openStdout } from '../../src/server/log-output.ts';

// Logs as the gateway does, and breaks down in the same turn of the event loop.
const output = await openStdout(() => undefined);
for (const line of ['first', 'second', 'last']) output.write(`${line}\n`);
throw new Error('broken');
