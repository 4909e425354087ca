import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { sandboxKeys } from '../../../src/features/sandbox/keys.ts';
import { MAIN } from '../../support/processes/built.ts';
import { eventually } from '../../support/vitest/waiting.ts';

describe('the standalone process', () => {
  const run = (port: string): ChildProcess =>
    spawn(process.execPath, [MAIN, 'sandbox'], {
      env: { ...process.env, SANDBOX_PORT: port },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  const collect = (stream: NodeJS.ReadableStream | null) => {
    const output = { text: '' };
    stream?.on('data', (chunk: Buffer) => {
      output.text += chunk;
    });
    return output;
  };

  it.each(['SIGINT', 'SIGTERM'] as const)('prints how to ask it, and ends with 0 on %s', async (signal) => {
    const child = run('0');
    const ended = once(child, 'exit');
    try {
      const printed = collect(child.stdout);
      await eventually(() => expect(printed.text).toContain('curl'));
      for (const key of [...Object.values(sandboxKeys), 'message handlers: ping, echo, whereami, nothing']) {
        expect(printed.text).toContain(key);
      }
      const [, token = '', url = ''] = /curl -H 'token: (\S+)' (\S+)/.exec(printed.text) ?? [];
      expect(await (await fetch(url, { headers: { token } })).json()).toMatchObject({
        success: true,
        script: { name: 'Nightfall Hub' },
      });
      child.kill(signal);
      expect(await ended).toEqual([0, null]);
    } finally {
      child.kill('SIGKILL');
    }
  });

  it('names a wrong port, or one that is taken, and ends with 1', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as AddressInfo;
    try {
      for (const [value, problem] of [
        ['70000', /^--port \(SANDBOX_PORT\): "70000" is not a port number from 0 to 65535\.\n$/],
        ['', /^--port \(SANDBOX_PORT\): "" is not a port number/],
        [String(port), /^The sandbox cannot listen on 127\.0\.0\.1:\d+ \(EADDRINUSE\)\. Give --port/],
      ] as const) {
        const child = run(value);
        const complaint = collect(child.stderr);
        expect(await once(child, 'close')).toEqual([1, null]);
        expect(complaint.text).toMatch(problem);
      }
    } finally {
      taken.close();
    }
  });
});
