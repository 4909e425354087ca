import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { sandboxKeys, seeded, usePipeline } from './support/fixture.ts';

const FOLDER = fileURLToPath(new URL('..', import.meta.url));

interface Action {
  readonly inputs: Readonly<Record<string, { readonly required?: boolean; readonly default?: string }>>;
  readonly runs: {
    readonly using: string;
    readonly steps: readonly {
      readonly shell: string;
      readonly run: string;
      readonly env: Readonly<Record<string, string>>;
    }[];
  };
}

const action = parse(readFileSync(`${FOLDER}/action.yml`, 'utf8')) as Action;
const fixture = usePipeline();
const { scriptId } = seeded;
const WRITE = `POST /scripts/${scriptId}/update`;

/** Runs the step of the action as a runner of GitHub does. */
async function runAction(given: Readonly<Record<string, string>>) {
  const [step] = action.runs.steps;
  assert.ok(step);
  const outputs = `${fixture.file}.outputs`;
  writeFileSync(outputs, '');
  const inputs: Record<string, string> = { 'gateway-url': fixture.url, file: fixture.file, ...given };
  const env = Object.entries(step.env).map(([name, value]) => [
    name,
    value.replace(/\$\{\{ inputs\.([\w-]+) \}\}/, (_all, input: string) => {
      assert.ok(input in action.inputs, input);
      return inputs[input] ?? action.inputs[input]?.default ?? '';
    }),
  ]);
  const own = { GITHUB_ACTION_PATH: FOLDER, GITHUB_OUTPUT: outputs, RETRY_AFTER_SECONDS: '0' };
  const child = fixture.run('bash', ['--noprofile', '--norc', '-eo', 'pipefail', '-c', step.run], {
    ...Object.fromEntries(env),
    ...own,
  });
  const { code, output } = await child;
  return { code, output, outputs: readFileSync(outputs, 'utf8') };
}

test('the action deploys the file, and its log has no key', async () => {
  assert.equal(action.runs.using, 'composite');
  writeFileSync(fixture.file, 'return 1');
  const outcome = await runAction({ 'script-id': scriptId, 'luaauth-token': sandboxKeys.full });
  assert.deepEqual(outcome, { code: 0, output: `Updated ${scriptId}.`, outputs: 'exit-code=0\n' });
  assert.deepEqual(fixture.lines(), [WRITE]);
});

test('a failure without effect is tried once more, and a refusal is not', async () => {
  writeFileSync(fixture.file, 'return 1');
  const away = await runAction({
    'script-id': scriptId,
    'luaauth-token': sandboxKeys.full,
    'gateway-url': 'http://127.0.0.1:1/graphql',
  });
  assert.deepEqual([away.code, away.outputs], [3, 'exit-code=3\n']);
  assert.equal(away.output.match(/nothing was changed/g)?.length, 2);
  const refused = await runAction({ 'script-id': 'NoSuchScript', 'luaauth-token': sandboxKeys.full });
  assert.deepEqual([refused.code, refused.outputs], [4, 'exit-code=4\n']);
  assert.equal(fixture.lines().length, 1);
  for (const { output } of [away, refused]) assert.ok(!output.includes(sandboxKeys.full));
});

test('an input cannot be a command, and without a key nothing is sent', async () => {
  writeFileSync(fixture.file, 'return 1');
  const { code, output } = await runAction({ 'script-id': '"; echo injected; "' });
  assert.deepEqual([code, output], [2, 'Set LUAAUTH_TOKEN or GATEWAY_KEY.']);
  assert.deepEqual(fixture.lines(), []);
});
