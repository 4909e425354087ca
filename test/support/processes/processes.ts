import type { ServerResponse } from 'node:http';
import { afterEach, beforeEach, vi } from 'vitest';
import { seeded } from '../../../src/features/sandbox/seed-data.ts';
import { json, type Recorded, startRecorder } from '../api/recorder.ts';
import { jsonPost } from '../clients/json-post.ts';
import { type GatewayProcess, startProcess, type Variables } from './process.ts';

export const NAME = `query { script(id: "${seeded.scriptId}") { name } }`;
export const TOGGLE = `mutation { toggleScript(input: { id: "${seeded.scriptId}", enabled: true }) { __typename } }`;

/** A recorder for each test, and processes over it, which are killed after the test. */
export function useProcesses() {
  // Each test waits for a process of its own to start, which a busy machine makes slow.
  vi.setConfig({ testTimeout: 60_000 });
  const started: { kill(): Promise<void> }[] = [];
  const fixture = {
    started,
    recorder: {} as Awaited<ReturnType<typeof startRecorder>>,
    /** How the API answers. */
    respond: (_recorded: Recorded, _response: ServerResponse): void => undefined,
    start(variables: Variables = {}): GatewayProcess {
      const gateway = startProcess({ PORT: '0', ...variables });
      started.push(gateway);
      return gateway;
    },
    /** The gateway over the recorder, and its URL. */
    async startOverRecorder(variables: Variables = {}) {
      const gateway = fixture.start({ LUAAUTH_API_URL: fixture.recorder.url, ...variables });
      return { gateway, url: await gateway.listening() };
    },
  };
  beforeEach(async () => {
    fixture.respond = (_recorded, response) =>
      json(response, { success: true, script: { name: 'Recorded' } });
    fixture.recorder = await startRecorder((recorded, response) => fixture.respond(recorded, response));
  });
  afterEach(async () => {
    await Promise.all(started.splice(0).map((gateway) => gateway.kill()));
    await fixture.recorder.close();
  });
  return fixture;
}

/** Posts an operation as JSON, with the sandbox's key unless the headers say otherwise. */
export async function post(
  url: string,
  query: string,
  headers: Record<string, string> = { token: 'sandbox-key' },
) {
  const response = await fetch(`${url}/graphql`, jsonPost(query, headers));
  return (await response.json()) as { data?: unknown; errors?: { extensions: { code: string } }[] };
}

/** The status of a GET on a connection of its own. */
export const statusOf = async (url: string) =>
  (await fetch(url, { headers: { connection: 'close' } })).status;
