import { IncomingMessage } from 'node:http';
import { queryObjects } from 'node:v8';
import { expect, it, onTestFinished } from 'vitest';
import { json } from '../support/api/recorder.ts';
import { openRaw, postText } from '../support/clients/raw-http.ts';
import { useRecorder } from '../support/gateways/fixture.ts';
import { quiet } from '../support/network/network.ts';
import { liveBytes } from '../support/processes/live-memory.ts';
import { eventually } from '../support/vitest/waiting.ts';

// The long form, `SOAK_REQUESTS=20000`, finds smaller leaks.
const REQUESTS = Number(process.env.SOAK_REQUESTS ?? 400);
const WARM_UP = 200;
const CONCURRENCY = 25;

// Every step of a call's way takes part, at a rate that does not slow the run down.
const fixture = useRecorder({ transport: { rate: 10_000, freshMs: 1_000, staleMs: 60_000 } });

const READ = 'query ($id: ID!) { script(id: $id) { name } }';
const NESTED = 'query ($id: ID!) { script(id: $id) { name executions { count } sessions { nodes { id } } } }';
const WRITE = 'mutation ($id: ID!) { toggleScript(input: { id: $id, enabled: true }) { __typename } }';
/** The ways in which clients leave, one after the other: with a call under way, at once, and within the body. */
const LEAVINGS = [
  { query: READ, waits: true },
  { query: WRITE, waits: true },
  { query: NESTED, waits: true },
  { query: READ },
  { query: READ, unsentBytes: 20 },
];

/** Lets clients connect, ask and leave before they have their answer, some at a time. */
async function abortRequests(requests: number): Promise<void> {
  let left = requests;
  const client = async () => {
    while (left > 0) {
      left -= 1;
      const id = `id${left}-${requests}`;
      const { query, waits, unsentBytes = 0 } = LEAVINGS[left % LEAVINGS.length] as (typeof LEAVINGS)[number];
      const text = postText(JSON.stringify({ query, variables: { id } }), { token: 'key' });
      const { socket, closed } = await openRaw(fixture.gateway.url);
      const arrival = new Promise<void>((resolve) => arrivals.set(id, resolve));
      socket.write(text.slice(0, text.length - unsentBytes));
      if (waits) await arrival;
      arrivals.delete(id);
      socket.destroy();
      await closed;
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, client));
}

const arrivals = new Map<string, () => void>();
const countSockets = () => process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length;

it(`${REQUESTS} aborted requests leave no memory, socket or listener behind`, {
  timeout: 120_000 + REQUESTS * 50,
}, async () => {
  const warnings: string[] = [];
  const note = ({ name, message }: Error) =>
    void (name === 'ExperimentalWarning' || warnings.push(`${name}: ${message}`));
  process.on('warning', note);
  onTestFinished(() => void process.off('warning', note));
  // Writes are answered, reads never.
  fixture.respond = ({ line }, response) => {
    arrivals.get(line.split('/')[2] ?? '')?.();
    if (line.startsWith('POST')) json(response.setHeader('connection', 'close'), { success: true });
  };
  const socketsBefore = countSockets();
  const holdings = async () => {
    await eventually(() => expect(countSockets()).toBeLessThanOrEqual(socketsBefore));
    // Both keep what has arrived.
    await quiet();
    fixture.recorder.calls.length = 0;
    const objects = [IncomingMessage, EventTarget, Promise].map((type) => [type.name, queryObjects(type)]);
    return { bytes: liveBytes(), objects: Object.fromEntries(objects) as Record<string, number> };
  };

  await abortRequests(WARM_UP);
  const before = await holdings();
  await abortRequests(REQUESTS);
  const after = await holdings();

  expect(warnings).toEqual([]);
  for (const [name, count] of Object.entries(after.objects)) {
    const more = count - (before.objects[name] ?? 0);
    // A leak is at least one per request; a few may come and go with timers and caches.
    expect(more, `${name} objects more than before`).toBeLessThan(REQUESTS / 10);
  }
  expect(after.bytes - before.bytes).toBeLessThan(REQUESTS * 8 * 1024);
  expect((await fetch(`${fixture.gateway.url}/health`)).status).toBe(200);
});
