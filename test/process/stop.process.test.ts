import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { json, type Recorded } from '../support/api/recorder.ts';
import { ask, jsonPost } from '../support/clients/json-post.ts';
import { eventually } from '../support/vitest/waiting.ts';
import { NAME, TOGGLE, useProcesses } from './processes.ts';

const processes = useProcesses();
const { startOverRecorder } = processes;

/** Whether a new connection is accepted: undefined, or the code of what stands in the way. */
async function refusal(url: string): Promise<string | undefined> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  try {
    await once(socket, 'connect');
    return undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code;
  } finally {
    socket.destroy();
  }
}

/** Signals that are so far apart are two, in ms. */
const LATER_MS = 1_100;

describe('a process that is told to stop', () => {
  it('ends with 0 on SIGINT, and not on SIGHUP', async () => {
    const { gateway, url } = await startOverRecorder();
    gateway.signal('SIGHUP');
    // Leaves a connection open.
    expect(await ask(url, NAME)).toEqual({ data: { script: { name: 'Recorded' } } });
    gateway.signal('SIGINT');
    expect(await gateway.ended).toBe(0);
  });

  it('lets what is under way finish, takes nothing new, and ends with 0, even if signals come twice at once', async () => {
    const answers: (() => void)[] = [];
    processes.respond = (_recorded, response) => {
      answers.push(() => json(response, { success: true, script: { name: 'Late' } }));
    };
    const { gateway, url } = await startOverRecorder();
    const results = Promise.all([ask(url, NAME), ask(url, TOGGLE)]);
    await eventually(() => expect(processes.recorder.calls).toHaveLength(2));

    gateway.signal('SIGTERM');
    gateway.signal('SIGINT');
    await eventually(async () => expect(await refusal(url)).toBe('ECONNREFUSED'));
    for (const answer of answers) answer();
    expect(await results).toEqual([
      { data: { script: { name: 'Late' } } },
      { data: { toggleScript: { __typename: 'ToggleScriptSuccess' } } },
    ]);
    expect(await gateway.ended).toBe(0);
    expect(processes.recorder.calls).toHaveLength(2);
  });

  it('lets a write finish whose client has left', async () => {
    let answer: (() => void) | undefined;
    processes.respond = (_recorded, response) => {
      answer = () => json(response, { success: true });
    };
    const { gateway, url } = await startOverRecorder();
    const leaving = new AbortController();
    const write = jsonPost(TOGGLE, { token: 'sandbox-key' });
    const request = fetch(`${url}/graphql`, { ...write, signal: leaving.signal });
    await eventually(() => expect(processes.recorder.calls).toHaveLength(1));
    leaving.abort();
    await expect(request).rejects.toThrow();

    gateway.signal('SIGTERM');
    await eventually(async () => expect(await refusal(url)).toBe('ECONNREFUSED'));
    expect((processes.recorder.calls[0] as Recorded).socket.closed).toBe(false);
    answer?.();
    expect(await gateway.ended).toBe(0);
  });

  it('waits no longer than its grace time, and ends with 0', async () => {
    processes.respond = () => undefined;
    const { gateway, url } = await startOverRecorder({ SHUTDOWN_GRACE_MS: '1' });
    const results = Promise.all([ask(url, NAME), ask(url, TOGGLE)]);
    await eventually(() => expect(processes.recorder.calls).toHaveLength(2));
    gateway.signal('SIGTERM');
    const cut = { errors: [{ extensions: { code: 'SHUTTING_DOWN' } }] };
    expect(await results).toMatchObject([cut, cut]);
    expect(await gateway.ended).toBe(0);
  });

  it('ends at once on a second signal, of either kind, although something is under way', async () => {
    processes.respond = () => undefined;
    const { gateway, url } = await startOverRecorder();
    const result = ask(url, NAME).catch(() => 'cut off');
    await eventually(() => expect(processes.recorder.calls).toHaveLength(1));
    gateway.signal('SIGINT');
    await eventually(async () => expect(await refusal(url)).toBe('ECONNREFUSED'));
    await delay(LATER_MS);
    gateway.signal('SIGTERM');
    expect(await gateway.ended).toBe(1);
    expect(await result).toBe('cut off');
  });
});
