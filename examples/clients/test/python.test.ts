import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { sandboxKeys, seeded, useGateway } from './support/fixture.ts';
import { runPython } from './support/python.ts';

const SCHEMA = fileURLToPath(new URL('../../../schema/schema.graphql', import.meta.url));

const fixture = useGateway();
const variables = () => ({ GATEWAY_URL: fixture.url, LUAAUTH_TOKEN: sandboxKeys.full });

it("Python's standard library looks a licence key up", async () => {
  expect(await runPython(['licence.py', seeded.endlessUserKey], variables())).toEqual({
    code: 0,
    stdout: expect.stringMatching(/^\d+ executions, expires never\n$/),
    stderr: '',
  });
  expect(fixture.lines()).toEqual([`GET /users/${seeded.endlessUserKey}`]);
});

it('blacklists it, and tells a refusal from a failure', async () => {
  const blacklist = (key: string, token: string = sandboxKeys.full) =>
    runPython(['licence.py', key, 'Shared the key'], { ...variables(), LUAAUTH_TOKEN: token });
  expect(await blacklist(seeded.userKey)).toEqual({ code: 0, stdout: 'blacklisted\n', stderr: '' });
  expect(fixture.sandbox.users.get(seeded.userKey)?.blacklist_reason).toBe('Shared the key');
  expect(await blacklist(seeded.userKey)).toEqual({
    code: 2,
    stdout: 'user already blacklisted\n',
    stderr: '',
  });
  expect(await blacklist('no-such-key')).toMatchObject({ code: 2 });
});

it('prints the code of an error', async () => {
  const { code, stdout, stderr } = await runPython(['licence.py', seeded.userKey], {
    ...variables(),
    LUAAUTH_TOKEN: 'no-such-key',
  });
  expect([code, stdout, stderr.split(':')[0]]).toEqual([1, '', 'UNAUTHENTICATED']);
});

it('gql does the same, with documents that it has checked', async () => {
  const look = (key: string) => runPython(['with_gql.py', key], { ...variables(), SCHEMA }, true);
  expect(await look(seeded.blacklistedUserKey)).toEqual({
    code: 0,
    stdout: '318 executions, blacklisted\n',
    stderr: '',
  });
  expect(await look('no-such-key')).toEqual({ code: 1, stdout: '', stderr: 'FORBIDDEN\n' });
}, 300_000);
