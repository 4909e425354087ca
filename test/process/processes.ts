import type { ServerResponse } from 'node:http';
import { beforeEach } from 'vitest';
import { seeded } from '../../src/features/sandbox/seed-data.ts';
import { json, type Recorded } from '../support/api/recorder.ts';
import { useCommandLine } from '../support/processes/command-line.ts';
import type { Variables } from '../support/processes/process.ts';

export const NAME = `query { script(id: "${seeded.scriptId}") { name } }`;
export const TOGGLE = `mutation { toggleScript(input: { id: "${seeded.scriptId}", enabled: true }) { __typename } }`;

/** A recorder for each test, and gateways over it, each a process of its own. */
export function useProcesses() {
  const { start, record, closing } = useCommandLine();
  const fixture = {
    closing,
    recorder: {} as Awaited<ReturnType<typeof record>>,
    /** How the API answers. */
    respond: (_recorded: Recorded, _response: ServerResponse): void => undefined,
    start: (variables: Variables = {}) => start([], { variables: { PORT: '0', ...variables } }),
    /** The gateway over the recorder, and its URL. */
    async startOverRecorder(variables: Variables = {}) {
      const gateway = fixture.start({ LUAAUTH_API_URL: fixture.recorder.url, ...variables });
      return { gateway, url: await gateway.listening() };
    },
  };
  beforeEach(async () => {
    fixture.respond = (_recorded, response) =>
      json(response, { success: true, script: { name: 'Recorded' } });
    fixture.recorder = await record((recorded, response) => fixture.respond(recorded, response));
  });
  return fixture;
}

/** The status of a GET on a connection of its own. */
export const statusOf = async (url: string) =>
  (await fetch(url, { headers: { connection: 'close' } })).status;
