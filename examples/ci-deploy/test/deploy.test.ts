import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { sandboxKeys, seeded, usePipeline } from './support/fixture.ts';

const fixture = usePipeline();
const { scriptId } = seeded;
const SOURCE = 'print("héllo 🌒")\r\n--[[ \u2028 \\ "quoted" ]]\nreturn 1\n';
const WRITE = `POST /scripts/${scriptId}/update`;

test('the script gets the file, byte for byte, with one REST call', async () => {
  writeFileSync(fixture.file, SOURCE);
  const outcome = await fixture.deploy([scriptId, fixture.file]);
  assert.deepEqual(outcome, { code: 0, output: `Updated ${scriptId}.` });
  assert.deepEqual(fixture.lines(), [WRITE]);
  assert.deepEqual(
    fixture.sandbox.calls.map(({ body }) => body),
    [{ script: SOURCE }],
  );
});

test('what LuaAuth refuses ends with 4, in its own words', async () => {
  writeFileSync(fixture.file, SOURCE);
  const { code, output } = await fixture.deploy(['NoSuchScript00000000000000000000', fixture.file]);
  assert.equal(code, 4);
  assert.match(output, /^LuaAuth refused \(NotPermitted\): \S.*; script does not exist or is not yours$/);
});

test('a field that LuaAuth finds invalid is named', async () => {
  writeFileSync(fixture.file, SOURCE);
  fixture.sandbox.fault({
    kind: 'failure',
    code: -2,
    message: 'invalid fields',
    failed: [{ field: 'script', errors: ['does not parse'] }],
  });
  const { code, output } = await fixture.deploy([scriptId, fixture.file]);
  assert.equal(code, 4);
  assert.match(output, /^LuaAuth refused \(InvalidFields\): invalid fields; input\.source: does not parse$/);
});

test('a write with an unknown outcome ends with 5, and is not tried again', async () => {
  writeFileSync(fixture.file, SOURCE);
  fixture.sandbox.fault({ kind: 'reset', handled: true });
  const { code, output } = await fixture.deploy([scriptId, fixture.file]);
  assert.equal(code, 5);
  assert.match(output, /^UPSTREAM_UNAVAILABLE: /);
  assert.deepEqual(fixture.lines(), [WRITE]);
});

test('an answer that is not the gateway’s ends with 5', async () => {
  writeFileSync(fixture.file, SOURCE);
  for (const body of ['<h1>502 Bad Gateway</h1>', '{"message":"no upstream"}', '']) {
    const proxy = createServer((_request, response) => response.writeHead(502).end(body)).listen(
      0,
      '127.0.0.1',
    );
    await once(proxy, 'listening');
    const { port } = proxy.address() as AddressInfo;
    const { code } = await fixture.deploy([scriptId, fixture.file], {
      GATEWAY_URL: `http://127.0.0.1:${port}/graphql`,
    });
    proxy.close();
    assert.deepEqual([body, code], [body, 5]);
  }
});

test('a gateway that is not there, and a quota that is used up, end with 3', async () => {
  writeFileSync(fixture.file, SOURCE);
  const away = await fixture.deploy([scriptId, fixture.file], { GATEWAY_URL: 'http://127.0.0.1:1/graphql' });
  assert.equal(away.code, 3);
  fixture.sandbox.fault({ kind: 'failure', code: -1, message: 'ratelimited', times: 3 });
  const limited = await fixture.deploy([scriptId, fixture.file]);
  assert.deepEqual([limited.code, limited.output.split(':')[0]], [3, 'RATE_LIMITED']);
});

test('a key or an id that is refused ends with 2, as the same again would be refused', async () => {
  writeFileSync(fixture.file, SOURCE);
  const id = await fixture.deploy(['a/b', fixture.file]);
  assert.deepEqual([id.code, id.output.split(':')[0]], [2, 'BAD_USER_INPUT']);
  assert.deepEqual(fixture.lines(), []);
  const malformed = await fixture.deploy([scriptId, fixture.file], { LUAAUTH_TOKEN: 'no key' });
  assert.deepEqual([malformed.code, malformed.output.split(':')[0]], [2, 'UNAUTHENTICATED']);
});

test('nothing is in doubt where the address is none', async () => {
  writeFileSync(fixture.file, SOURCE);
  for (const [GATEWAY_URL, expected] of [
    ['htp://127.0.0.1/graphql', 2],
    ['http://127.0.0.1:port/graphql', 3],
  ] as const) {
    const { code } = await fixture.deploy([scriptId, fixture.file], { GATEWAY_URL });
    assert.deepEqual([GATEWAY_URL, code], [GATEWAY_URL, expected]);
  }
});

test('a tool that is not installed ends with 2, and is named', async () => {
  writeFileSync(fixture.file, SOURCE);
  for (const [missing, other] of [
    ['curl', 'jq'],
    ['jq', 'curl'],
  ] as const) {
    const PATH = fixture.pathWith('bash', 'cmp', other);
    const outcome = await fixture.deploy([scriptId, fixture.file], { PATH });
    assert.deepEqual(outcome, { code: 2, output: `${missing} is not installed.` });
  }
});

test('what is missing ends with 2, and nothing is sent', async () => {
  writeFileSync(fixture.file, Buffer.from([0x2d, 0x2d, 0xff, 0x0a]));
  const latin = await fixture.deploy([scriptId, fixture.file]);
  assert.deepEqual(latin, { code: 2, output: `${fixture.file} is not UTF-8.` });
  writeFileSync(fixture.file, '');
  assert.equal((await fixture.deploy([scriptId, fixture.file])).code, 2);
  assert.equal((await fixture.deploy([scriptId, join(fixture.file, 'none')])).code, 2);
  assert.equal((await fixture.deploy([scriptId])).code, 2);
  assert.equal((await fixture.deploy([scriptId, fixture.file], { LUAAUTH_TOKEN: '' })).code, 2);
  assert.deepEqual(fixture.lines(), []);
});

test('neither the key nor the source stands in the arguments of a process', async () => {
  writeFileSync(fixture.file, SOURCE);
  const seen = `${fixture.file}.arguments`;
  const run = (name: string) => `#!/bin/bash
printf '%s\\n' "$@" >> '${seen}'
PATH=\${PATH#*:} exec ${name} "$@"
`;
  fixture.addCommand('jq', run('jq'));
  const PATH = fixture.addCommand('curl', run('curl'));
  const { code, output } = await fixture.deploy([scriptId, fixture.file], { PATH });
  assert.equal(code, 0, output);
  const text = readFileSync(seen, 'utf8');
  assert.match(text, /--header/);
  assert.match(text, /--rawfile/);
  assert.ok(!text.includes(sandboxKeys.full));
  assert.ok(!text.includes('héllo'));
});
