import { readFileSync } from 'node:fs';
import {
  buildSchema,
  type GraphQLOutputType,
  type GraphQLSchema,
  GraphQLString,
  getDirectiveValues,
  getNullableType,
  isListType,
  isNullableType,
  isObjectType,
} from 'graphql';
import { expect, it } from 'vitest';
import { seeded } from '../../src/features/sandbox/seed-data.ts';
import type { Route } from '../../src/luaauth/endpoints.ts';
import { useSandbox } from '../support/gateways/fixture.ts';

const fixture = useSandbox({
  shared: true,
  gateway: { credentials: { heldKey: 'sandbox-key' }, users: new Map([['1', ['unknown']]]) },
});

const read = (name: string) =>
  buildSchema(readFileSync(new URL(`../../schema/${name}.graphql`, import.meta.url), 'utf8'));
const [relay, shown] = [read('relay'), read('schema')];
const directive = relay.getDirective('semanticNonNull');

/** Every field of schema/relay.graphql that is null only with an error. */
const marked = Object.values(relay.getTypeMap())
  .filter(isObjectType)
  .flatMap((type) =>
    Object.values(type.getFields()).flatMap(({ name, astNode }) => {
      const given = directive && astNode && getDirectiveValues(directive, astNode);
      return given ? { type: type.name, name, levels: given.levels as number[] } : [];
    }),
  );

/** The type of a field, or of the items of its list. */
function atLevel(type: GraphQLOutputType, level: number): GraphQLOutputType | undefined {
  if (level === 0) return type;
  const list = getNullableType(type);
  return isListType(list) ? atLevel(list.ofType, level - 1) : undefined;
}

const fieldOf = (schema: GraphQLSchema, type: string, name: string) => {
  const found = schema.getType(type);
  return isObjectType(found) ? found.getFields()[name] : undefined;
};

it('marks only levels that may be null, in the SDL for Relay alone', () => {
  expect(marked.length).toBeGreaterThan(20);
  expect(shown.getDirective('semanticNonNull')).toBeUndefined();
  for (const { type, name, levels } of marked) {
    const field = name.startsWith('fetch__') ? fieldOf(relay, type, name) : fieldOf(shown, type, name);
    expect([type, name, levels.length]).not.toEqual([type, name, 0]);
    for (const level of levels) {
      const there = field && atLevel(field.type, level);
      expect([type, name, level, there && isNullableType(there)]).toEqual([type, name, level, true]);
    }
  }
});

const { scriptId, projectId, sessionId, userKey, blacklistedUserKey } = seeded;
const systemId = '68ad00000000000000000001';

const script = (selection: string) => `{ script(id: "${scriptId}") { name ${selection} } }`;
const project = (selection: string) => `{ project(id: "${projectId}") { name ${selection} } }`;
const write = (mutation: string, input: string, type: string, selection: string) =>
  `mutation { ${mutation}(input: { ${input} }) { ... on ${type} { ${selection} } } }`;
const user = 'user { fingerprintAssigned }';

type Null = readonly [place: string, document: string, route?: Route];

/** Each query of one object by an id, which is unknown. */
const BY_ID = Object.values(relay.getQueryType()?.getFields() ?? {}).flatMap(
  ({ name, type, args: [arg, ...others] }): readonly Null[] => {
    if (!isObjectType(type) || !arg || others.length > 0) return [];
    const leaf = Object.values(type.getFields()).find(
      (field) => getNullableType(field.type) === GraphQLString,
    );
    return [[`Query.${name} 0`, `{ ${name}(${arg.name}: "unknown") { ${leaf?.name} } }`]];
  },
);

/** The place of the null, an operation that selects it, and the route that fails; without a route, the id is unknown. */
const NULLS: readonly Null[] = [
  ...BY_ID,
  ['Query.adProviders 0', '{ adProviders { name } }', 'GET /ads/providers'],
  ['Query.adSystems 0', '{ adSystems { name } }', 'GET /ads/systems'],
  ['Query.knownProjects 0', '{ knownProjects { name } }', 'GET /ads/systems'],
  ['Query.knownProjects 1', '{ knownProjects { name } }', 'GET /projects/:project_id'],
  ['Query.projects 1', '{ projects(ids: ["unknown"]) { name } }'],
  ['Query.scripts 1', '{ scripts(ids: ["unknown"]) { name } }'],
  ['Query.users 1', '{ users(keys: ["unknown"]) { fingerprintAssigned } }'],
  ['Query.usersByDiscordId 0', '{ usersByDiscordId(discordId: "no digits") { fingerprintAssigned } }'],
  ['Query.usersByDiscordId 1', '{ usersByDiscordId(discordId: 1) { fingerprintAssigned } }'],
  ['AdSystem.project 0', `{ adSystem(id: "${systemId}") { project { name } } }`, 'GET /projects/:project_id'],
  ['Project.adSystems 0', project('adSystems { name }'), 'GET /ads/systems'],
  ['Project.executions 0', project('executions { count }'), 'GET /projects/:project_id/executions'],
  ['Project.scripts 0', project('scripts { name }'), 'GET /projects/:project_id/executions'],
  ['Project.scripts 1', project('scripts { enabled }'), 'GET /scripts/:script_id'],
  ['Script.executions 0', script('executions { count }'), 'GET /scripts/:script_id/executions'],
  ['Script.project 0', script('project { name }'), 'GET /projects/:project_id'],
  ['Script.sessions 0', script('sessions { nodes { id } }'), 'POST /scripts/:script_id/sessions'],
  ['Session.script 0', `{ session(id: "${sessionId}") { id script { name } } }`, 'GET /scripts/:script_id'],
  [
    'AlreadyBlacklisted.user 0',
    write('blacklistUser', `key: "${blacklistedUserKey}"`, 'AlreadyBlacklisted', user),
    'GET /users/:user_key',
  ],
  [
    'BlacklistUserSuccess.user 0',
    write('blacklistUser', `key: "${userKey}"`, 'BlacklistUserSuccess', user),
    'GET /users/:user_key',
  ],
  [
    'NotBlacklisted.user 0',
    write('unblacklistUser', `key: "${userKey}"`, 'NotBlacklisted', user),
    'GET /users/:user_key',
  ],
  [
    'UnblacklistUserSuccess.user 0',
    write('unblacklistUser', `key: "${blacklistedUserKey}"`, 'UnblacklistUserSuccess', user),
    'GET /users/:user_key',
  ],
  [
    'EditUserSuccess.user 0',
    write('editUser', `key: "${userKey}", note: "new"`, 'EditUserSuccess', user),
    'GET /users/:user_key',
  ],
  [
    'CreateAdSystemSuccess.adSystem 0',
    write(
      'createAdSystem',
      `name: "New", projectId: "${projectId}"`,
      'CreateAdSystemSuccess',
      'adSystem { name }',
    ),
    'GET /ads/systems/:system_id',
  ],
  [
    'EditAdSystemSuccess.adSystem 0',
    write('editAdSystem', `id: "${systemId}", maxKeys: 2`, 'EditAdSystemSuccess', 'adSystem { name }'),
    'GET /ads/systems/:system_id',
  ],
  [
    'EditScriptSuccess.script 0',
    write('editScript', `id: "${scriptId}", name: "New"`, 'EditScriptSuccess', 'script { name }'),
    'GET /scripts/:script_id',
  ],
  [
    'ToggleScriptSuccess.script 0',
    write('toggleScript', `id: "${scriptId}", enabled: false`, 'ToggleScriptSuccess', 'script { name }'),
    'GET /scripts/:script_id',
  ],
  [
    'UpdateScriptSuccess.script 0',
    write('updateScript', `id: "${scriptId}", source: "return"`, 'UpdateScriptSuccess', 'script { name }'),
    'GET /scripts/:script_id',
  ],
];

it.each(NULLS.map(([place, document, route]) => ({ place, document, route })))(
  '$place is null with an error, and its siblings stay',
  async ({ place, document, route }) => {
    const refusal = { kind: 'failure', code: -1, message: 'invalid endpoint', times: 100 } as const;
    if (route) fixture.sandbox.fault({ ...refusal, route });
    const { data, errors = [] } = await fixture.gateway.execute(document);
    const nulls = nullsIn(data);
    expect(errors.map(({ path }) => path?.join('.')).sort()).toEqual(
      nulls.map((path) => path.join('.')).sort(),
    );
    const placeOf = (path: Path) => {
      const [above, last] = path.slice(-2);
      return typeof last === 'number' ? `${above} 1` : `${last ?? above} 0`;
    };
    expect([...new Set(nulls.map(placeOf))]).toEqual([place.split('.')[1]]);
  },
);

it('each marked level is in the table', () => {
  const places = marked.flatMap(({ type, name, levels }) =>
    levels.map((level) => `${type}.${name} ${level}`),
  );
  expect(NULLS.map(([place]) => place).sort()).toEqual(places.sort());
});

type Path = readonly (string | number)[];

/** The paths of all nulls. */
function nullsIn(value: unknown, path: Path = []): Path[] {
  if (value === null) return [path];
  if (Array.isArray(value)) return value.flatMap((item, index) => nullsIn(item, [...path, index]));
  if (typeof value !== 'object') return [];
  return Object.entries(value).flatMap(([name, inner]) => nullsIn(inner, [...path, name]));
}
