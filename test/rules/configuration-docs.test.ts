import { parseEnv } from 'node:util';
import { expect, it } from 'vitest';
import { configOf } from '../support/gateways/configured.ts';
import { textOf } from '../support/repository/repository.ts';

it('.env.example shows the defaults: set to them, nothing changes', () => {
  const uncommented = parseEnv(textOf('.env.example').replaceAll(/^# (?=[A-Z_]+=)/gm, ''));
  // Not set means the sandbox; the example shows the live API.
  expect(configOf({ ...uncommented, LUAAUTH_API_URL: '' })).toEqual(configOf({}));
  expect(configOf(uncommented).apiUrl?.href).toBe('https://api.luaauth.com/');
});
