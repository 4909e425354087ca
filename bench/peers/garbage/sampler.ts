/**
 * Loaded into a subject by `node --expose-gc --import`. On its own port it starts and stops V8's sampling heap profiler,
 * which records objects that survive the young collection. It also tells how much is left after a full collection.
 */
import { createServer } from 'node:http';
import { Session } from 'node:inspector/promises';
import { writeHeapSnapshot } from 'node:v8';
import { host } from '../subjects/environment.ts';

const SETTINGS = {
  samplingInterval: 8_192,
  // The young collection is the minor collection. Objects that it frees leave the profile; all other objects stay in it.
  includeObjectsCollectedByMinorGC: false,
  includeObjectsCollectedByMajorGC: true,
};

const { gc } = globalThis;
if (gc === undefined) throw new Error('The sampler needs --expose-gc.');

const session = new Session();
session.connect();

const server = createServer(async (request, response) => {
  if (request.url === '/start') {
    await session.post('HeapProfiler.startSampling', SETTINGS);
    response.end();
    return;
  }
  if (request.url === '/heap') {
    gc({ type: 'major' });
    gc({ type: 'major' });
    const { heapUsed, external } = process.memoryUsage();
    response.end(String(heapUsed + external));
    return;
  }
  if (request.url?.startsWith('/snapshot?')) {
    response.end(writeHeapSnapshot(request.url.slice('/snapshot?'.length)));
    return;
  }
  // The latest objects, up to 16 MB, have met no collection yet, and would count as survivors.
  gc({ type: 'minor' });
  const { profile } = await session.post('HeapProfiler.stopSampling');
  response.end(JSON.stringify(profile));
});
// It keeps no subject alive.
server.listen(Number(process.env.SAMPLER_PORT), host).unref();
