import { describe, expect, it } from 'vitest';
import { sandboxKeys } from '../../src/features/sandbox/keys.ts';
import { seeded } from '../../src/features/sandbox/seed-data.ts';
import { send } from '../support/clients/send.ts';
import { useSandbox } from '../support/gateways/fixture.ts';

const key = sandboxKeys.full;
const id = seeded.scriptId;

describe('the headers of a client', () => {
  const fixture = useSandbox({ shared: true });
  const HTTP_ITSELF = ['connection', 'content-length', 'host'];
  const noise: [string, string][] = [
    ['token', key],
    ['host', 'evil.example'],
    ['x-forwarded-for', '10.0.0.1'],
    ['x-forwarded-host', 'evil.example'],
    ['x-real-ip', '10.0.0.1'],
    ['forwarded', 'for=10.0.0.1'],
    ['cookie', 'session=1'],
    ['x-upstream', 'report'],
    ['x-http-method-override', 'DELETE'],
    ['accept-language', 'de'],
    ['user-agent', 'evil/1.0'],
    ['traceparent', '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'],
    ['connection', 'keep-alive, x-upstream'],
  ];

  it.each([
    ['a read without a body', `{ script(id: "${id}") { name } }`, ['accept', 'token', 'user-agent']],
    [
      'a read with a body',
      `{ script(id: "${id}") { sessions { nodes { id } } } }`,
      ['accept', 'content-type', 'token', 'user-agent'],
    ],
    [
      'a write with a body',
      `mutation { toggleScript(input: { id: "${id}", enabled: true }) { __typename } }`,
      ['accept', 'content-type', 'token', 'user-agent'],
    ],
    [
      'a write without a body',
      `mutation { deleteScript(input: { id: "${id}" }) { __typename } }`,
      ['accept', 'token', 'user-agent'],
    ],
  ])('stay behind: %s has the headers of the gateway only', async (_what, query, names) => {
    const { body } = await send(fixture.gateway.url, noise, query);
    expect(JSON.parse(body).errors).toBeUndefined();
    const sent = fixture.sandbox.calls.at(-1)?.headers ?? {};
    const own = Object.keys(sent).filter((name) => !HTTP_ITSELF.includes(name));
    expect(own.sort()).toEqual(names);
    expect(sent).toMatchObject({
      host: new URL(fixture.sandbox.url).host,
      token: key,
      accept: 'application/json',
      'user-agent': 'luaauth-graphql/test',
    });
    if (names.includes('content-type')) expect(sent['content-type']).toBe('application/json');
    expect(JSON.stringify(fixture.sandbox.calls.map(({ headers }) => headers))).not.toMatch(
      /evil|10\.0\.0\.1/,
    );
  });
});
