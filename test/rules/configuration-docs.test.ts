import { parseEnv } from 'node:util';
import { describe, expect, it } from 'vitest';
import { type Config, readConfig } from '../../src/config/config.ts';
import { VARIABLE_NAMES } from '../../src/config/env-variables.ts';
import type { Environment } from '../../src/config/environment.ts';
import { textOf } from '../support/repository/repository.ts';

function config(environment: Environment): Config {
  const result = readConfig(environment);
  if ('problems' in result) throw new Error(result.problems.join('\n'));
  return result.config;
}

describe('the documentation', () => {
  const example = textOf('.env.example');
  const page = textOf('docs/configuration.md');
  const examples = [...example.matchAll(/^# ([A-Z_]+)=(.*)$/gm)].map(([, name = '', value = '']) => ({
    name,
    value,
  }));
  // The row of a secret also names the variable with the path of its file.
  const rows = [...page.matchAll(/^\| (`[A-Z_]+`(?:<br>`[\w-]+`)*) \| (?:`(.*?)`)? *\| .+ \|$/gm)].flatMap(
    ([, names = '', value = '']) =>
      (names.match(/(?<=`)[A-Z_]+(?=`)/g) ?? []).map((name) => ({ name, value })),
  );

  it('in .env.example has every variable, and no other', () => {
    expect(examples.map(({ name }) => name).sort()).toEqual([...VARIABLE_NAMES].sort());
  });

  it('in docs/configuration.md has every variable once, and no other', () => {
    expect(rows.map(({ name }) => name).sort()).toEqual([...VARIABLE_NAMES].sort());
  });

  it('in .env.example shows the defaults: set to them, nothing changes', () => {
    const uncommented = parseEnv(example.replaceAll(/^# (?=[A-Z_]+=)/gm, ''));
    expect(config({ ...uncommented, LUAAUTH_API_URL: '' })).toEqual(config({}));
    expect(config(uncommented).apiUrl?.href).toBe('https://api.luaauth.com/');
  });

  it('in docs/configuration.md shows the same defaults as .env.example', () => {
    const shown = new Map(rows.map(({ name, value }) => [name, value]));
    for (const { name, value } of examples) {
      // Not set means the sandbox; the example shows the live API.
      expect([name, shown.get(name)]).toEqual([name, name === 'LUAAUTH_API_URL' ? '' : value]);
    }
  });
});
