import { expect, it } from 'vitest';
import { sandboxKeys } from '../../../src/features/sandbox/keys.ts';
import { seeded } from '../../../src/features/sandbox/seed-data.ts';
import { useCommandLine } from '../../support/processes/command-line.ts';
import { eventually } from '../../support/vitest/waiting.ts';

const { start, run, record } = useCommandLine();

it.each([
  ['recent dates', [], 'SIGINT', -10_800_000],
  ['fixed dates with --dates fixed', ['--dates', 'fixed'], 'SIGTERM', undefined],
] as const)('the sandbox prints how to ask it, and has %s', async (_dates, flags, signal, begunMs) => {
  const before = Date.now();
  const {
    output,
    ended,
    signal: send,
  } = start(['sandbox', '--port', '0', ...flags], {
    variables: { SANDBOX_PORT: 'nonsense' },
  });
  await eventually(() => expect(output.stdout).toContain('message handlers: ping, echo, whereami, nothing'));
  for (const key of Object.values(sandboxKeys)) expect(output.stdout).toContain(key);
  const [, token = '', asked = ''] = /curl -H 'token: (\S+)' (\S+)/.exec(output.stdout) ?? [];
  const read = async (url: URL | string) => (await fetch(url, { headers: { token } })).json();
  expect(await read(asked)).toMatchObject({ success: true, script: { name: 'Nightfall Hub' } });
  const { session } = (await read(new URL(`/sessions/${seeded.sessionId}`, asked))) as {
    session: { created_at: number };
  };
  if (begunMs === undefined) expect(session.created_at).toBe(seeded.createdAt);
  else expect(session.created_at).toBeGreaterThan(before + begunMs);
  send(signal);
  expect(await ended).toBe(0);
});

it('the sandbox names a wrong port, or one that is taken, and ends with 1', async () => {
  const { port } = new URL((await record(() => undefined)).url);
  for (const [value, problem] of [
    ['70000', /^--port \(SANDBOX_PORT\): "70000" is not a port number from 0 to 65535\.\n$/],
    [port, /^The sandbox cannot listen on 127\.0\.0\.1:\d+ \(EADDRINUSE\)\. Give --port/],
  ] as const) {
    const { code, stderr } = await run(['sandbox'], { variables: { SANDBOX_PORT: value } });
    expect([code, stderr]).toEqual([1, expect.stringMatching(problem)]);
  }
});
