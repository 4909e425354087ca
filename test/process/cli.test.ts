import { buildSchema } from 'graphql';
import { describe, expect, it } from 'vitest';
import { VARIABLE_GROUPS, VARIABLE_NAMES, VARIABLES, type Variable } from '../../src/config/env-variables.ts';
import { FLAGS } from '../../src/config/flags.ts';
import { seeded } from '../../src/features/sandbox/seed-data.ts';
import { useCommands } from '../support/processes/commands-here.ts';
import { textOf } from '../support/repository/repository.ts';

const { version } = JSON.parse(textOf('package.json'));
const SECRET = 'sentinel-key-7c1e';

const { run } = useCommands();

const helps = new Map<string, ReturnType<typeof run>>();
/** The help of a command, which is asked for once. */
function help(...command: readonly string[]) {
  const known = helps.get(command.join(' ')) ?? run([...command, '--help']);
  helps.set(command.join(' '), known);
  return known;
}

describe('--help', () => {
  it('tells of every command and every exit code', async () => {
    const { code, stdout, stderr } = await help();
    expect([code, stderr]).toEqual([0, '']);
    for (const command of ['serve', 'schema', 'check', 'query', 'sandbox']) {
      expect(stdout).toMatch(new RegExp(`^  ${command} `, 'm'));
    }
    expect(stdout).toMatch(/^Exit codes:\n {2}0 .+\n {2}1 .+\n {2}2 .+\n {2}3 .+\n {2}4 .+$/m);
  });

  it.each([
    ['check', ['--script', '--probe', '--json']],
    [
      'query',
      [
        '--variables',
        '--operation',
        '--plan',
        '--each',
        '--output',
        '--resume',
        '--repeat-unknown',
        '--dry-run',
      ],
    ],
  ])('of %s shows its own flags in 30 lines at most, and where the others are', async (command, own) => {
    const { code, stdout } = await help(command);
    expect(code).toBe(0);
    const shown = [...stdout.matchAll(/^ {2}(?:-\w, )?(--[a-z-]+)/gm)].map(([, flag]) => flag);
    expect(shown).toEqual([...own, '--help']);
    expect(stdout.trimEnd().split('\n').length).toBeLessThanOrEqual(30);
    expect(stdout).toContain('see "luaauth-graphql serve --help"');
  });

  it('lists every variable as a flag of serve, with its meaning and its default, in one group', async () => {
    const { stdout } = await help('serve');
    const parts = stdout.split(/^(?=\w.*:$)/m).slice(1);
    expect(parts.map((part) => part.split(':\n')[0])).toEqual([
      ...VARIABLE_GROUPS.map(({ title }) => title),
      'Options',
    ]);
    for (const part of parts) {
      const inGroup = FLAGS.filter(({ group }) => part.startsWith(`${group}:`));
      const shown = [...part.matchAll(/^ {2}--([a-z-]+)/gm)].map(([, name]) => name);
      expect(shown).toEqual(inGroup.map(({ name }) => name));
      for (const { variable, meaning, byDefault } of inGroup) {
        const facts = byDefault === undefined ? variable : `${variable}, default ${byDefault}`;
        expect(part.replaceAll(/\s+/g, ' ')).toContain(`${meaning} (${facts})`);
      }
    }
  });

  it.each([[], ['serve'], ['check'], ['query'], ['schema'], ['keys'], ['keys', 'new'], ['sandbox']])(
    'has no line of more than 80 columns: %s %s',
    async (...command) => {
      const { stdout } = await help(...command);
      expect(stdout).toContain('Usage: luaauth-graphql');
      expect(stdout.split('\n').filter((line) => line.length > 80)).toEqual([]);
    },
  );

  it('has a flag for each variable, but none that would show a secret', () => {
    const secrets = Object.entries<Variable>(VARIABLES).flatMap(([name, { secret }]) =>
      secret === true ? [name] : [],
    );
    const withFlag = VARIABLE_NAMES.filter((name) => name !== 'NODE_ENV' && !secrets.includes(name));
    expect(secrets).toEqual(expect.arrayContaining(['LUAAUTH_TOKEN', 'GATEWAY_KEYS']));
    expect(FLAGS.map(({ variable }) => variable).sort()).toEqual(withFlag.sort());
  });
});

it.each(['--version', '-v'])('%s prints the version', async (flag) => {
  expect(await run([flag])).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
});

describe('a command line that is wrong', () => {
  it.each([
    [['shcema'], "unknown command 'shcema'", 'Did you mean schema?'],
    [['--prot', '1'], "unknown option '--prot'", 'Did you mean --port?'],
    [['serve', '--red-only'], "unknown option '--red-only'", 'Did you mean --read-only?'],
    [['serve', '--token-fil=x'], "unknown option '--token-fil=x'", 'Did you mean --token-file?'],
    [['schema', '--federaton'], "unknown option '--federaton'", 'Did you mean --federation?'],
    [
      ['serve', '--token', SECRET],
      '--token would show the secret',
      'Give --token-file, or set LUAAUTH_TOKEN',
    ],
    [[`--gateway-keys=${SECRET}`], '--gateway-keys would show the secret', 'Give --gateway-keys-file'],
    [
      [`--redis-url=redis://me:${SECRET}@cache`],
      '--redis-url would show the secret',
      'Give --redis-url-file, or set REDIS_URL',
    ],
    [['serve', '--port'], "option '--port <value>' argument missing", ''],
    [['--api-url', ''], '--api-url is empty', 'Give it a value, or leave it out.'],
    [['check', '--gateway-keys-file='], '--gateway-keys-file is empty', ''],
    [['serve', 'twice'], "too many arguments for 'serve'", ''],
    [['--read-only=false'], "unknown option '--read-only=false'", ''],
    [['query', '-', '--sandbox', 'true'], "too many arguments for 'query'", ''],
    [['query'], "missing required argument 'file'", ''],
    [['query', '-', '--variables', '[1]'], 'Give a JSON object, or @ and the path', ''],
    [['query', '-', '--variables', '@nowhere'], 'Give a JSON object, or @ and the path', ''],
    [['check', '--script', '..'], "'..' is invalid. An id is 1 to 128 letters", ''],
    [['check', '--script', 'a'], '--script needs a key', 'Set LUAAUTH_TOKEN'],
  ])('%j ends with 2, says why and suggests the near one', async (args, problem, suggestion) => {
    const { code, stdout, stderr } = await run(args);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(problem);
    expect(stderr).toContain(suggestion);
    expect(stderr).not.toContain(SECRET);
  });
});

it('a flag that is malformed is told as a flag, with all other problems', async () => {
  const { code, stdout, stderr } = await run(['--port', 'x', '--token-file', 'token', '--rate=-1'], {
    variables: { LOG_LEVEL: 'loud' },
    files: { token: `${SECRET} ${SECRET}` },
  });
  expect([code, stdout]).toEqual([1, '']);
  expect(stderr.split('\n')).toEqual([
    'The configuration has problems:',
    '  --token-file: "token": its content must be 1 to 512 visible ASCII characters without spaces, and not a path. A variable whose name ends in _FILE takes the path of a file that holds the key.',
    '  --port: "x": must be a whole number from 0 to 65535 (0: any free port).',
    '  --rate: "-1": must be requests per second, a whole number from 0 to 100000 (0: no limit).',
    '  LOG_LEVEL: "loud": must be one of trace, debug, info, warn, error, fatal, silent.',
    '',
  ]);
});

it.each([
  ['is on', ['--read-only'], {}, null],
  ['with no- before it is off', ['--no-read-only'], { READ_ONLY: 'true' }, { name: 'Mutation' }],
])('a flag that is a switch %s', async (_how, flags, variables, mutationType) => {
  const input = '{ __schema { mutationType { name } } }';
  const { stdout } = await run(['query', '-', '--sandbox', ...flags], { input, variables });
  expect(JSON.parse(stdout)).toEqual({ data: { __schema: { mutationType } } });
});

describe('schema', () => {
  it.each([
    ['as clients see it', [], 'schema.graphql'],
    ['as a federation router is told', ['--federation'], 'subgraph.graphql'],
    ["as Relay's compiler needs it", ['--relay'], 'relay.graphql'],
  ])('prints it %s', async (_how, args, file) => {
    const { code, stdout, stderr } = await run(['schema', ...args]);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toBe(textOf(`schema/${file}`));
    expect(stdout).toContain('type Script');
    if (file === 'subgraph.graphql') return;
    const fields = buildSchema(stdout).getQueryType()?.getFields() ?? {};
    expect(Object.keys(fields).includes('fetch__Script')).toBe(file === 'relay.graphql');
  });
});

it('sandbox refuses other dates, and says which there are', async () => {
  const { code, stderr } = await run(['sandbox', '--dates', 'now']);
  expect([code, stderr]).toEqual([2, expect.stringMatching(/'now'.*recent, fixed/)]);
});

it('the sandbox has recent dates in the place of an API as well', async () => {
  const before = Date.now();
  const { code, stdout } = await run(['query', '-', '--sandbox'], {
    input: `{ session(id: "${seeded.sessionId}") { createdAt } }`,
  });
  const { createdAt } = (JSON.parse(stdout) as { data: { session: { createdAt: string } } }).data.session;
  expect([code, isRecent(Date.parse(createdAt), before)]).toEqual([0, true]);
});

/** Whether a session of the seed began in the three hours before a process that started after `before`. */
const isRecent = (createdAt: number, before: number) =>
  createdAt > before - 10_800_000 && createdAt < Date.now();
