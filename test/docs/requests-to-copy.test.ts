import { readdirSync } from 'node:fs';
import { buildSchema, parse, validate } from 'graphql';
import { expect, it } from 'vitest';
import { useSandbox } from '../support/gateways/fixture.ts';
import { pathOf, textOf } from '../support/repository/repository.ts';

const fixture = useSandbox();

const COLLECTION = 'examples/bruno';
const requests = readdirSync(pathOf(COLLECTION)).filter((name) => name.endsWith('.bru'));

/** The members of a block such as `vars { url: ... }`. */
function membersOf(text: string, block: string): Readonly<Record<string, string>> {
  const [, inside = ''] = new RegExp(`^${block} \\{\\n([\\s\\S]*?)^\\}`, 'm').exec(text) ?? [];
  return Object.fromEntries(
    [...inside.matchAll(/^\s*(\w+): (.+)$/gm)].map(([, name, value]) => [name, value]),
  );
}

function blockOf(text: string, block: string): string {
  return new RegExp(`^${block} \\{\\n([\\s\\S]*?)^\\}`, 'm').exec(text)?.[1] ?? '';
}

it('the Bruno collection has requests', () => {
  expect(requests.length).toBeGreaterThanOrEqual(5);
});

it.each(requests)('the Bruno request "%s" is answered by the sandbox as it is', async (name) => {
  const values = membersOf(textOf(`${COLLECTION}/environments/Sandbox.bru`), 'vars');
  const filled = textOf(`${COLLECTION}/${name}`).replaceAll(
    /\{\{(\w+)\}\}/g,
    (_mark, key: string) => values[key] ?? '',
  );
  const { token = '' } = membersOf(filled, 'headers');
  const variables = JSON.parse(blockOf(filled, 'body:graphql:vars'));
  const { data, errors } = await fixture.gateway.execute(blockOf(filled, 'body:graphql'), variables, {
    token,
  });
  expect(errors).toBeUndefined();
  expect(data).toBeTruthy();
});

it('the query of the Roblox example is valid', () => {
  const [, query = ''] = /\[\[([\s\S]*?)\]\]/.exec(textOf('examples/roblox/licence.luau')) ?? [];
  expect(query).toContain('user(key: $key)');
  expect(validate(buildSchema(textOf('schema/schema.graphql')), parse(query))).toEqual([]);
});
