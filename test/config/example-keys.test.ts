import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { sandboxKeys } from '../../src/features/sandbox/keys.ts';
import { problemsIn } from '../support/gateways/configured.ts';
import { textOf } from '../support/repository/repository.ts';

const SECRET = 'sentinel-5f0c';

describe('keys that everyone can read in our own files', () => {
  const files = execFileSync('git', ['ls-files', 'README.md', 'docs', 'examples', '*.yaml', '.env.example'], {
    encoding: 'utf8',
  });
  const texts = files
    .trim()
    .split('\n')
    .filter((path) => /\.(?:md|ya?ml|sh|service|example)$/.test(path) && !path.includes('/test/'))
    .map(textOf);
  const found = (pattern: RegExp) => [
    ...new Set(texts.flatMap((text) => [...text.matchAll(pattern)].map(([, key = '']) => key))),
  ];
  const LIVE = { LUAAUTH_API_URL: 'https://api.luaauth.com' };

  it.each([
    ...found(/\bLUAAUTH_TOKEN[=:] ?([\w$][\w$-]{3,})/g),
    ...Object.values(sandboxKeys),
    ...['your-luaauth-api-key', '$YOUR_KEY', '<key>', 'changeme'],
  ])('%s is no LUAAUTH_TOKEN outside the sandbox', (key) => {
    expect(problemsIn({ ...LIVE, LUAAUTH_TOKEN: key })).toEqual([
      'LUAAUTH_TOKEN: the given value (not shown) contains a publicly known key from an example. Give the API key of your LuaAuth account.',
    ]);
    expect(problemsIn({ LUAAUTH_API_URL: 'http://127.0.0.1:4001', LUAAUTH_TOKEN: key })).toEqual([]);
  });

  const gatewayKeys = found(/\b(?:GATEWAY_KEYS?|gateway-keys)[=:] ?([\w,=-]{16,})/g);
  it.each(gatewayKeys)('%s are no GATEWAY_KEYS outside the sandbox', (keys) => {
    const given = { LUAAUTH_TOKEN: SECRET, GATEWAY_KEYS: keys };
    expect(problemsIn({ ...LIVE, ...given })).toEqual([
      expect.stringMatching(/^GATEWAY_KEYS: .* from an example/),
    ]);
    expect(problemsIn(given)).toEqual([]);
  });

  it('are found in several files', () => expect(gatewayKeys.length).toBeGreaterThanOrEqual(2));

  it.each(found(/\bMETRICS_KEY[=:] ?([\w-]{8,})/g))('%s is no METRICS_KEY outside the sandbox', (key) => {
    expect(problemsIn({ ...LIVE, METRICS_KEY: key })).toEqual([
      expect.stringMatching(/^METRICS_KEY: .* example/),
    ]);
  });
});
