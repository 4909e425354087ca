import { describe, expect, it } from 'vitest';
import { seeded } from '../../src/features/sandbox/seed-data.ts';
import { json } from '../support/api/recorder.ts';
import { jsonPost } from '../support/clients/json-post.ts';
import { useCommandLine } from '../support/processes/command-line.ts';
import { eventually } from '../support/vitest/waiting.ts';

const { start, record } = useCommandLine();

describe('a reader that leaves', () => {
  it.each([['--help'], ['serve', '--help'], ['schema'], ['check']])(
    'does not make %s %s fail',
    async (...args) => {
      const process = start(args.filter((arg) => arg !== undefined));
      // Long before the first line.
      process.stopReading();
      expect([await process.ended, process.output.stderr]).toEqual([0, '']);
    },
  );
});

describe('a flag', () => {
  const READ_ONLY = '{ __schema { mutationType { name } } }';

  async function ask(url: string, query: string) {
    const response = await fetch(`${url}/graphql`, jsonPost(query));
    return response.json();
  }

  it('wins over the environment, which wins over .env', async () => {
    const recorder = await record((_call, response) => json(response, { success: true, script: {} }));
    const gateway = start(['--port', '0', '--api-url', recorder.url, '--token-file', 'token'], {
      variables: { PORT: 'nonsense', READ_ONLY: 'true', LUAAUTH_TOKEN: 'of-the-environment' },
      files: {
        '.env': 'PORT=80\nREAD_ONLY=nonsense\nLUAAUTH_API_URL=nonsense\nLOG_LEVEL=silent\n',
        token: 'of-the-file\n',
      },
    });
    const url = await gateway.listening();
    expect(await ask(url, READ_ONLY)).toEqual({ data: { __schema: { mutationType: null } } });
    await ask(url, '{ script(id: "a") { name } }');
    expect(recorder.calls.map(({ headers }) => headers.token)).toEqual(['of-the-file']);
  });

  it.each([
    ['is on', ['--read-only'], '', null],
    ['with no- before it is off', ['--no-read-only'], 'true', { name: 'Mutation' }],
  ])('that is a switch %s', async (_how, args, READ_ONLY_BEFORE, mutationType) => {
    const gateway = start([...args, '--port=0'], { variables: { READ_ONLY: READ_ONLY_BEFORE } });
    expect(await ask(await gateway.listening(), READ_ONLY)).toEqual({ data: { __schema: { mutationType } } });
  });
});

it.each([
  ['recent dates on --port, which wins over SANDBOX_PORT', []],
  ['fixed dates with --dates fixed', ['--dates', 'fixed']],
])('sandbox has %s', async (_title, flags) => {
  const before = Date.now();
  const process = start(['sandbox', '--port', '0', ...flags], { variables: { SANDBOX_PORT: 'nonsense' } });
  await eventually(() => expect(process.output.stdout).toContain('LuaAuth sandbox on http'));
  const [, url = ''] = /LuaAuth sandbox on (\S+)/.exec(process.output.stdout) ?? [];
  const path = `/sessions/${seeded.sessionId}`;
  const answer = await fetch(url + path, { headers: { token: 'sandbox-key' } });
  const { session } = (await answer.json()) as { session: { created_at: number } };
  if (flags.length > 0) expect(session.created_at).toBe(seeded.createdAt);
  else expect(isRecent(session.created_at, before)).toBe(true);
  process.signal('SIGTERM');
  expect(await process.ended).toBe(0);
});

/** Whether a session of the seed began in the three hours before a process that started after `before`. */
const isRecent = (createdAt: number, before: number) =>
  createdAt > before - 10_800_000 && createdAt < Date.now();
