import { expect, it } from 'vitest';
import { json } from '../support/api/recorder.ts';
import { ask } from '../support/clients/json-post.ts';
import { useCommandLine } from '../support/processes/command-line.ts';

const { start, record } = useCommandLine();

it('a reader that leaves does not make a command fail', async () => {
  const process = start(['schema']);
  // Long before the first line.
  process.stopReading();
  expect([await process.ended, process.output.stderr]).toEqual([0, '']);
});

it('a flag wins over the environment, which wins over .env', async () => {
  const recorder = await record((_call, response) => json(response, { success: true, script: {} }));
  const gateway = start(['--port', '0', '--api-url', recorder.url, '--token-file', 'token'], {
    variables: { PORT: 'nonsense', READ_ONLY: 'true', LUAAUTH_TOKEN: 'of-the-environment' },
    files: {
      '.env': 'PORT=80\nREAD_ONLY=nonsense\nLUAAUTH_API_URL=nonsense\nLOG_LEVEL=silent\n',
      token: 'of-the-file\n',
    },
  });
  const url = await gateway.listening();
  expect(await ask(url, '{ __schema { mutationType { name } } }')).toEqual({
    data: { __schema: { mutationType: null } },
  });
  await ask(url, '{ script(id: "a") { name } }');
  expect(recorder.calls.map(({ headers }) => headers.token)).toEqual(['of-the-file']);
});
