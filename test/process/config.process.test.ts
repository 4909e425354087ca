import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { useFolder } from '../support/gateways/configured.ts';
import { useCommandLine } from '../support/processes/command-line.ts';

const SECRET = 'sentinel-5f0c';

const { run } = useCommandLine();
const folder = useFolder();

describe('a process', () => {
  it('ends with 1 and every problem on stderr, of files, environment and flags', async () => {
    const variables = { LUAAUTH_TOKN: SECRET, LOG_LEVEL: 'loud', LUAAUTH_TOKEN: SECRET, HOST: '0.0.0.0' };
    // As editors of Windows write it, with a mark before the text.
    const files = { '.env': `\uFEFFPORT=nonsense\r\nFOO_SECRET=${SECRET}\r\nREAD_ONLY true\r\n` };
    const { code, stdout, stderr } = await run(['--port', '80.5'], { variables, files });
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toBe(
      [
        'The configuration has problems:',
        '  .env: line 3 has no =, so it sets nothing. Write NAME=value, or put # before it.',
        '  FOO_SECRET: .env sets it, but there is no such variable. Correct its name, or remove it; "luaauth-graphql serve --help" lists all variables.',
        '  LUAAUTH_TOKN: it is set, but there is no such variable. Did you mean LUAAUTH_TOKEN?',
        '  --port: "80.5": must be a whole number from 0 to 65535 (0: any free port).',
        '  LOG_LEVEL: "loud": must be one of trace, debug, info, warn, error, fatal, silent.',
        '',
      ].join('\n'),
    );
  });

  it.each<[what: string, prepare: (cwd: string) => void, problem: string]>([
    ['a folder', (cwd) => mkdirSync(join(cwd, '.env')), 'is a directory (EISDIR)'],
    [
      'a pipe',
      (cwd) => execFileSync('mkfifo', [join(cwd, '.env')]),
      'is not read: it is a pipe or a device, not a regular file',
    ],
  ])('does not start if .env is %s', async (_what, prepare, problem) => {
    const { code, stderr } = await run([], { prepare });
    expect(code).toBe(1);
    expect(stderr).toBe(
      `The configuration has problems:\n  .env: the file ${problem}. Make it readable, or remove it.\n`,
    );
  });

  const files = ['LUAAUTH_TOKEN_FILE', 'GATEWAY_KEYS_FILE', 'METRICS_KEY_FILE', 'PERSISTED_DOCUMENTS_FILE'];

  it('reads no pipe without a writer, and no endless file', async () => {
    const pipe = join(folder.path, 'pipe');
    execFileSync('mkfifo', [pipe]);
    for (const path of [pipe, '/dev/zero']) {
      // A process of its own: reading these would keep this one busy for ever.
      const variables = Object.fromEntries(files.map((name) => [name, path]));
      const { code, stderr } = await run([], { variables });
      expect(code).toBe(1);
      expect(stderr.trimEnd().split('\n').slice(1)).toEqual(
        files.map(
          (name) =>
            `  ${name}: ${JSON.stringify(path)}: the file is not read: it is a pipe or a device, not a regular file. Give the path of a readable file.`,
        ),
      );
    }
  });
});
