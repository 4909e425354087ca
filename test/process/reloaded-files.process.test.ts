import { expect, it, onTestFinished } from 'vitest';
import { wireScript, wireUser } from '../support/api/plain-api.ts';
import { json, startRecorder } from '../support/api/recorder.ts';
import { ask } from '../support/clients/json-post.ts';
import { bearer, keysFile, sha256 } from '../support/clients/keys.ts';
import { useFolder } from '../support/gateways/configured.ts';
import { startProcess, type Variables } from '../support/processes/process.ts';
import { eventually } from '../support/vitest/waiting.ts';

const SENTINEL = 'sentinel-of-somebody-61bf';
const folder = useFolder();

function start(variables: Variables) {
  const gateway = startProcess({ PORT: '0', ...variables });
  onTestFinished(gateway.kill);
  const isSaid = (text: string) => eventually(() => expect(gateway.output.stdout).toContain(text));
  return { gateway, isSaid };
}

it('the files of a key, of gateway keys and of users are read again while requests go on', async () => {
  const tokens = new Set<unknown>();
  let release = () => {};
  const api = await startRecorder(({ line, headers }, response) => {
    tokens.add(headers.token);
    const id = line.split('/').at(-1) ?? '';
    const answer = () => json(response, { success: true, script: wireScript(id), user: wireUser(id) });
    if (id === 'slow') release = answer;
    else answer();
  });
  onTestFinished(api.close);
  folder.write('token', `${SENTINEL}-1`);
  folder.write(
    'keys.json',
    keysFile([{ name: 'steady' }, { name: 'first', sha256: sha256(`first-${SENTINEL}`) }]),
  );
  folder.write('users.csv', 'discord_id,user_key\n1,a\n');
  const file = (name: string) => `${folder.path}/${name}`;
  const { gateway, isSaid } = start({
    LUAAUTH_API_URL: api.url,
    LUAAUTH_TOKEN_FILE: file('token'),
    GATEWAY_KEYS_FILE: file('keys.json'),
    USERS_FILE: file('users.csv'),
    LUAAUTH_RATE: '0',
    FRESH_MS: '0',
    LUAAUTH_TIMEOUT_MS: '60000',
    OPERATION_TIMEOUT_MS: '60000',
  });
  const url = await gateway.listening();
  const script = (id: string, key = 'steady') => ask(url, `{ script(id: "${id}") { id } }`, bearer(key));
  const found = async () =>
    (await ask(url, '{ usersByDiscordId(discordId: "1") { key } }', bearer('steady'))).data;
  const codeOf = async (key: string) => (await script('a', key)).errors?.[0]?.extensions.code ?? 'ok';

  const slow = script('slow');
  await eventually(() => expect([...tokens]).toEqual([`${SENTINEL}-1`]));
  let isOver = false;
  const failures: unknown[] = [];
  const keepAsking = async () => {
    while (!isOver) {
      const { errors } = await script('b');
      if (errors) failures.push(errors);
    }
  };
  const asking = keepAsking();
  expect([await codeOf(`first-${SENTINEL}`), await found()]).toEqual([
    'ok',
    { usersByDiscordId: [{ key: 'a' }] },
  ]);

  // No signal: each file is looked at once a second.
  folder.write('token', `${SENTINEL}-2\n`);
  folder.write(
    'keys.json',
    keysFile([{ name: 'steady' }, { name: 'second', sha256: sha256(`second-${SENTINEL}`) }]),
  );
  folder.write('users.csv', 'discord_id,user_key\n1,a\n1,b\n');
  await isSaid('LUAAUTH_TOKEN_FILE: read again, the secret has changed');
  await isSaid('GATEWAY_KEYS_FILE: read again, 2 keys');
  await isSaid('USERS_FILE: read again, 1 Discord ids');
  expect([await codeOf(`first-${SENTINEL}`), await codeOf(`second-${SENTINEL}`)]).toEqual([
    'UNAUTHENTICATED',
    'ok',
  ]);
  expect(await found()).toEqual({ usersByDiscordId: [{ key: 'a' }, { key: 'b' }] });
  expect([...tokens]).toEqual([`${SENTINEL}-1`, `${SENTINEL}-2`]);
  release();
  expect((await slow).data).toEqual({ script: { id: 'slow' } });

  folder.write('token', 'steady');
  folder.write('keys.json', '{ "keys": [');
  folder.write('users.csv', `discord_id,user_key\n1,b\n2,${SENTINEL}/\n`);
  gateway.signal('SIGHUP');
  await isSaid('LUAAUTH_TOKEN_FILE: it holds a gateway key, which callers know.');
  await isSaid('keys.json\\": it is no object of JSON.');
  await isSaid('users.csv\\": line 3: its user_key is not a licence key.');
  expect([await codeOf(`second-${SENTINEL}`), await found()]).toEqual([
    'ok',
    { usersByDiscordId: [{ key: 'a' }, { key: 'b' }] },
  ]);
  isOver = true;
  await asking;
  expect(failures).toEqual([]);
  expect(gateway.output.stdout + gateway.output.stderr).not.toContain(SENTINEL);
});
