import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startDistantRecorder } from '../support/api/distant-recorder.ts';
import { SCRIPT, SCRIPTS } from '../support/clients/reads.ts';
import { openGateway, type TestGateway } from '../support/gateways/gateway.ts';
import { eventually } from '../support/vitest/waiting.ts';

const TIMEOUT_MS = 2_000;
/** Long enough for every timer of a call to be due when the process goes on. */
const STALL_MS = TIMEOUT_MS + 500;

describe('a process that stood still past the deadline of its calls', () => {
  let api: Awaited<ReturnType<typeof startDistantRecorder>>;
  let gateway: TestGateway;
  const arrived = async () => (await api.arrivals()).map(({ line }) => line);

  beforeEach(async () => {
    api = await startDistantRecorder({ workMs: { late: 300, never: 600_000 } });
    gateway = await openGateway({ upstream: api.url, timeouts: { read: TIMEOUT_MS, write: TIMEOUT_MS } });
  });

  afterEach(async () => {
    await gateway.close();
    api.close();
  });

  it('reads the answers that came in time before it gives up on them', async () => {
    const answer = gateway.execute(SCRIPT, { id: 'late' });
    await eventually(async () => expect(await arrived()).toEqual(['GET /scripts/late']));
    await standStill(STALL_MS);
    expect(await answer).toMatchObject({ data: { script: { id: 'late', name: 'name of late' } } });
  });

  it('gives up on the others, and does not take its own slowness for the trouble of the API', async () => {
    const ids = Array.from({ length: 10 }, (_one, index) => `never${index}`);
    const answer = gateway.execute(SCRIPTS, { ids });
    await eventually(async () => expect(await arrived()).toHaveLength(ids.length));
    await standStill(STALL_MS);
    const { errors = [] } = await answer;
    expect(errors.map(({ extensions }) => extensions.code)).toEqual(ids.map(() => 'UPSTREAM_TIMEOUT'));
    const { data } = await gateway.execute(SCRIPT, { id: 'next' });
    expect(data?.script?.name).toBe('name of next');
  });
});

/** Stops all, as a long garbage collection or a paused virtual machine does. Timers are the first to run after it. */
async function standStill(ms: number): Promise<void> {
  await setImmediate();
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
