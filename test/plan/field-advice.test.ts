import { type GraphQLNamedType, getNamedType, isObjectType, parse, type SelectionSetNode } from 'graphql';
import { expect, it } from 'vitest';
import { SOURCES_OF_IDS, SYNONYMS } from '../../src/plan/field-advice.ts';
import { createSchema } from '../../src/schema/index.ts';
import { useSandbox } from '../support/gateways/fixture.ts';

const fixture = useSandbox({ shared: true });
const readOnly = useSandbox({ shared: true, gateway: { readOnly: true } });
const messagesOf = async (document: string, { gateway } = fixture) => {
  const { errors } = await gateway.execute(document, {});
  return errors?.map(({ message, extensions }) => `${extensions.code}: ${message}`);
};

it.each([
  [
    '{ script(id: "a") { sessions { id robloxId } } }',
    [
      '"id" on type "SessionConnection". Did you mean "nodes { id }"?',
      '"robloxId" on type "SessionConnection". Did you mean "nodes { robloxId }"?',
    ],
  ],
  [
    'mutation { banUser(key: "a") { __typename } }',
    ['"banUser" on type "Mutation". Did you mean "blacklistUser"?'],
  ],
  ['mutation { BANUSER { a } }', ['"BANUSER" on type "Mutation". Did you mean "blacklistUser"?']],
  ['{ banUser(key: "a") }', ['"banUser" on type "Query". Did you mean the mutation "blacklistUser"?']],
  ['{ listProjects { id } }', ['"listProjects" on type "Query". Did you mean "knownProjects"?']],
  [
    'mutation { resetHwid }',
    ['"resetHwid" on type "Mutation". LuaAuth\'s API does not offer this; the Discord bot of LuaAuth does.'],
  ],
  // All other fields are as graphql-js says.
  [
    '{ script(id: "a") { sessions { nope } } }',
    ['"nope" on type "SessionConnection". Did you mean "nodes"?'],
  ],
  ['{ scrip(id: "a") { name } }', ['"scrip" on type "Query". Did you mean "script" or "scripts"?']],
  ['{ script(id: "a") { banUser } }', ['"banUser" on type "Script".']],
])('%s is told the field that was meant', async (document, problems) => {
  expect(await messagesOf(document)).toEqual(
    problems.map((problem) => `GRAPHQL_VALIDATION_FAILED: Cannot query field ${problem}`),
  );
});

it('suggests no mutation where there is none', async () => {
  expect(await messagesOf('{ banUser(key: "a") }', readOnly)).toEqual([
    'GRAPHQL_VALIDATION_FAILED: Cannot query field "banUser" on type "Query". Did you mean "user"?',
  ]);
});

it.each([
  [
    '{ projects { name } }',
    'Field "projects" argument "ids" of type "[ID!]!" is required, but it was not provided. Its value comes from "knownProjects { id }", or from your own records.',
  ],
  [
    '{ user { key } }',
    'Field "user" argument "key" of type "ID!" is required, but it was not provided. Its value comes from "script { sessions { nodes { userKey } } }", or from your own records.',
  ],
  [
    '{ usersByDiscordId { key } }',
    'Field "usersByDiscordId" argument "discordId" of type "ID!" is required, but it was not provided.',
  ],
])('%s is told where ids come from', async (document, problem) => {
  expect(await messagesOf(document)).toEqual([`GRAPHQL_VALIDATION_FAILED: ${problem}`]);
});

it('names only fields that exist', () => {
  const schema = createSchema();
  const [query, mutation] = [schema.getQueryType(), schema.getMutationType()];
  const roots = { ...query?.getFields(), ...mutation?.getFields() };
  expect(Object.values(SYNONYMS).filter((name) => !roots[name])).toEqual([]);
  expect(Object.keys(SYNONYMS).filter((name) => name !== name.toLowerCase())).toEqual([]);
  const unknownIn = (set: SelectionSetNode | undefined, type: GraphQLNamedType | undefined): string[] =>
    (set?.selections ?? []).flatMap((node) => {
      if (node.kind !== 'Field' || !isObjectType(type)) return ['no field'];
      const field = type.getFields()[node.name.value];
      return field
        ? unknownIn(node.selectionSet, getNamedType(field.type))
        : [`${type.name}.${node.name.value}`];
    });
  for (const [name, source] of Object.entries(SOURCES_OF_IDS)) {
    const [definition] = parse(`{ ${source} }`).definitions;
    expect(query?.getFields()[name], name).toBeDefined();
    expect(
      definition && 'selectionSet' in definition
        ? unknownIn(definition.selectionSet, query ?? undefined)
        : ['none'],
    ).toEqual([]);
  }
});
