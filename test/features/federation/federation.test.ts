import { type ConstDirectiveNode, isObjectType, Kind, parse, print, valueFromASTUntyped } from 'graphql';
import { describe, expect, it } from 'vitest';
import { everyOne } from '../../../scripts/schema-tables.ts';
import { scopesOfField } from '../../../src/callers/scopes.ts';
import { seeded } from '../../../src/features/sandbox/seed-data.ts';
import { createSchema } from '../../../src/features/schema.ts';
import { configOf } from '../../support/gateways/configured.ts';
import { useOpened, useSandbox } from '../../support/gateways/fixture.ts';

const fixture = useSandbox();
const opened = useOpened();

const askSdl = () =>
  fixture.gateway.execute<{ _service: { sdl: string } }, undefined>('{ _service { sdl } }', undefined, {});

const ENTITIES = `
  query Entities($representations: [_Any!]!) {
    _entities(representations: $representations) {
      __typename
      ... on Script {
        id
        name
      }
      ... on Session {
        id
        robloxId
        script {
          id
        }
      }
      ... on Project {
        id
        name
      }
      ... on User {
        key
        executions
      }
    }
  }
`;

const askEntities = (representations: readonly unknown[]) =>
  fixture.gateway.execute<{ _entities: ({ __typename: string; id?: string } | null)[] }, object>(ENTITIES, {
    representations,
  });

const script = (id: unknown) => ({ __typename: 'Script', id });
const session = (id: unknown) => ({ __typename: 'Session', id });
const project = (id: unknown) => ({ __typename: 'Project', id });
const user = (key: unknown) => ({ __typename: 'User', key });

/** The scopes that an SDL says a field needs, where it also says that the field needs a caller. */
function scopesShown(sdl: string): Record<string, unknown> {
  const shown: Record<string, unknown> = {};
  for (const type of parse(sdl).definitions) {
    if (type.kind !== Kind.OBJECT_TYPE_DEFINITION) continue;
    for (const { name, directives = [] } of type.fields ?? []) {
      const of = (directive: string) => directives.find((one) => one.name.value === directive);
      const [scopes] = of('requiresScopes')?.arguments ?? [];
      if (!scopes || !of('authenticated')) continue;
      const [together] = valueFromASTUntyped(scopes.value) as string[][];
      shown[`${type.name.value}.${name.value}`] = together;
    }
  }
  return shown;
}

describe('_service', () => {
  const readDirectives = async () => {
    const { data, errors } = await askSdl();
    expect(errors).toBeUndefined();
    const { definitions } = parse(data?._service.sdl ?? '');
    const printed = (directives: readonly ConstDirectiveNode[] = []) => directives.map(print);
    const on = (name: string) =>
      definitions.flatMap((node) =>
        node.kind === Kind.OBJECT_TYPE_DEFINITION && node.name.value === name ? printed(node.directives) : [],
      );
    const onSchema = definitions.flatMap((node) =>
      node.kind === Kind.SCHEMA_DEFINITION || node.kind === Kind.SCHEMA_EXTENSION
        ? printed(node.directives)
        : [],
    );
    const onField = (name: string) => {
      const [type = '', field = ''] = name.split('.');
      return definitions.flatMap((node) =>
        node.kind === Kind.OBJECT_TYPE_DEFINITION && node.name.value === type
          ? (node.fields ?? [])
              .filter((one) => one.name.value === field)
              .flatMap((one) => printed(one.directives))
          : [],
      );
    };
    return { on, onSchema, onField };
  };

  it.each<[field: string, ...directives: string[]]>([
    ['Query.script', '@cost(weight: 100)'],
    ['Query.scripts', '@cost(weight: 100)', '@listSize(assumedSize: 10)'],
    ['Query.session', '@cost(weight: 100)'],
    ['Query.rateLimit'],
    ['Script.executions', '@cost(weight: 100)', '@listSize(assumedSize: 1)'],
    [
      'Script.sessions',
      '@cost(weight: 100)',
      '@listSize(slicingArguments: ["first"], sizedFields: ["edges", "nodes"], requireOneSlicingArgument: false)',
    ],
    ['Script.name'],
    ['PageInfo.hasNextPage', '@cost(weight: 100)'],
    ['PageInfo.endCursor'],
    ['SessionConnection.nodes'],
    ['Session.script', '@cost(weight: 100)'],
    ['EditScriptSuccess.script', '@cost(weight: 100)'],
    ['Mutation.disconnectSessions', '@cost(weight: 100)'],
    ['Mutation.messageSession', '@cost(weight: 100)'],
  ])('tells routers with demand control what %s costs', async (field, ...directives) => {
    expect((await readDirectives()).onField(field)).toEqual(directives);
  });

  it('leaves no field out that the price counts', async () => {
    const { onField } = await readDirectives();
    const schema = createSchema();
    const fields = Object.values(schema.getTypeMap())
      .filter(isObjectType)
      .flatMap((type) =>
        everyOne(type.getFields()).map((field) => ({ name: `${type.name}.${field.name}`, field })),
      );
    const priced = fields.filter(({ field }) => 'upstream' in field.extensions).map(({ name }) => name);
    expect(priced.length).toBeGreaterThan(15);
    const told = fields
      .map(({ name }) => name)
      .filter((name) => onField(name).some((one) => one.startsWith('@cost')));
    expect(told).toEqual(priced);
  });

  it('links federation 2 and marks what a supergraph needs to know', async () => {
    const { on, onSchema } = await readDirectives();
    expect(onSchema).toEqual([
      '@link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@shareable", "@cost", "@listSize"])',
    ]);
    expect(on('Script')).toEqual(['@key(fields: "id")', '@fetchable(field_name: "id")']);
    expect(on('Session')).toEqual(['@key(fields: "id")', '@fetchable(field_name: "id")']);
    expect(on('Project')).toEqual(['@key(fields: "id")']);
    expect(on('AdSystem')).toEqual(['@key(fields: "id")']);
    expect(on('User')).toEqual(['@key(fields: "key")']);
    expect(on('PageInfo')).toEqual(['@shareable']);
    expect(on('SessionConnection')).toEqual([]);
  });

  it('shows the scopes of each field if SUBGRAPH_SCOPES says so, and changes nothing else', async () => {
    const { subgraphScopes } = configOf({ SUBGRAPH_SCOPES: 'true' });
    const { gateway } = await opened.open({ upstream: fixture.sandbox.url, subgraphScopes });
    const { data } = await gateway.execute<{ _service: { sdl: string } }, undefined>('{ _service { sdl } }');
    const { sdl = '' } = data?._service ?? {};
    const shown = scopesShown(sdl);
    const schema = createSchema();
    const expected = Object.values(schema.getTypeMap())
      .filter(isObjectType)
      .filter(({ name }) => !/^_/.test(name))
      .flatMap((type) =>
        everyOne(type.getFields()).flatMap((field) => {
          const scopes = field.name.startsWith('_') ? [] : (scopesOfField(type, field) ?? []);
          return scopes.length > 0 ? [[`${type.name}.${field.name}`, scopes] as const] : [];
        }),
      );
    expect(expected.length).toBeGreaterThan(60);
    expect(shown).toEqual(Object.fromEntries(expected));
    expect(shown).toMatchObject({
      'Query.script': ['scripts:read'],
      'Project.scripts': ['projects:read', 'scripts:read'],
      'User.fingerprint': ['secrets:read'],
    });
    const plain = await askSdl();
    const without = sdl.replaceAll(/ @authenticated @requiresScopes\(scopes: [^)]*\)/g, '');
    expect(without.replace(', "@authenticated", "@requiresScopes"', '')).toBe(plain.data?._service.sdl);
  });

  it('needs no key and costs no call', async () => {
    const { data } = await askSdl();
    expect(data?._service.sdl).toContain('type Script');
    expect(fixture.lines()).toEqual([]);
  });
});

describe('_entities', () => {
  it('asks once for each distinct entity and answers in the order of the representations', async () => {
    const [scripts, sessions] = [[...fixture.sandbox.scripts.keys()], [...fixture.sandbox.sessions.keys()]];
    const ids = [...scripts.slice(0, 12), ...sessions.slice(0, 8)];
    const distinct = ids.map((id, index) => (index < 12 ? script(id) : session(id)));
    const representations = Array.from({ length: 50 }, (_, index) => distinct[(index * 7) % 20]);
    const { data, errors } = await askEntities(representations);
    expect(errors).toBeUndefined();
    expect(
      data?._entities.map((entity) => entity && 'id' in entity && [entity.__typename, entity.id]),
    ).toEqual(representations.map((one) => [one?.__typename, one?.id]));
    expect(distinct).toHaveLength(20);
    expect([...fixture.lines()].sort()).toEqual(
      distinct
        .map(({ __typename, id }) => `GET /${__typename === 'Script' ? 'scripts' : 'sessions'}/${id}`)
        .sort(),
    );
  });

  it.each([
    ['an unknown id', script('NoSuchScript00000000000000000000'), 'FORBIDDEN', /LuaAuth refused/],
    [
      'an id that leaves its path segment',
      script('../users/x'),
      'BAD_USER_INPUT',
      /representations\[1\]\.id/,
    ],
    ['an empty id', session(''), 'BAD_USER_INPUT', /representations\[1\]\.id/],
    ['no id', { __typename: 'Script' }, 'BAD_USER_INPUT', /representations\[1\]\.id: it is missing/],
    ['a null id', session(null), 'BAD_USER_INPUT', /representations\[1\]\.id: it is missing/],
    ['a list as id', script(['a']), 'BAD_USER_INPUT', /representations\[1\]\.id/],
    ['a boolean as id', script(true), 'BAD_USER_INPUT', /representations\[1\]\.id/],
    ['a fraction as id', script(1.5), 'BAD_USER_INPUT', /representations\[1\]\.id/],
    ['a number above 2^53 as id', script(2 ** 53), 'BAD_USER_INPUT', /representations\[1\]\.id.*as a string/],
    ['an unknown type', { __typename: 'Owner', id: 'a' }, 'BAD_USER_INPUT', /Give one of .*Script, Session/],
    ['an unknown project', project('65e0a1b2c3d4e5f6000000ff'), 'FORBIDDEN', /LuaAuth refused/],
    ['an unknown user', user('67c3beef00000000000000ff'), 'FORBIDDEN', /LuaAuth refused/],
    ['a user by its id', { __typename: 'User', id: 'a' }, 'BAD_USER_INPUT', /representations\[1\]\.key/],
    [
      'a licence key that leaves its path segment',
      user('../x'),
      'BAD_USER_INPUT',
      /representations\[1\]\.key/,
    ],
    ['a list as licence key', user(['a']), 'BAD_USER_INPUT', /representations\[1\]\.key: it is missing/],
    [
      'a type that is no entity',
      { __typename: 'Query' },
      'BAD_USER_INPUT',
      /representations\[1\]\.__typename/,
    ],
    [
      'a prototype for a type',
      { __typename: '__proto__', id: 'a' },
      'BAD_USER_INPUT',
      /representations\[1\]\.__typename/,
    ],
    ['no type', { id: seeded.scriptId }, 'BAD_USER_INPUT', /representations\[1\]\.__typename/],
    ['no object', seeded.scriptId, 'BAD_USER_INPUT', /representations\[1\]\.__typename/],
    ['a list', [script(seeded.scriptId)], 'BAD_USER_INPUT', /representations\[1\]\.__typename/],
  ])('nulls the slot of a representation with %s, and no other', async (_what, bad, code, message) => {
    const representations = [script(seeded.scriptId), bad, session(seeded.sessionId)];
    const { status, data, errors } = await askEntities(representations);
    expect(status).toBe(200);
    expect(data?._entities).toEqual([
      { __typename: 'Script', id: seeded.scriptId, name: 'Nightfall Hub' },
      null,
      {
        __typename: 'Session',
        id: seeded.sessionId,
        robloxId: String(seeded.robloxId),
        script: { id: seeded.scriptId },
      },
    ]);
    expect(errors).toEqual([
      expect.toBeError(code, { path: ['_entities', 1], message: expect.stringMatching(message) }),
    ]);
  });

  it('fails as a whole, and asks for nothing, when more than 100 representations are wrong', async () => {
    const wrong = Array.from({ length: 101 }, () => ({ __typename: 'Query' }));
    const representations = [script(seeded.scriptId), ...wrong];
    const { data, errors } = await askEntities(representations);
    expect(data).toBeNull();
    expect(errors).toEqual([
      expect.toBeError('BAD_USER_INPUT', {
        path: ['_entities'],
        message: expect.stringContaining('more than 100 of its items are wrong'),
      }),
    ]);
    expect(fixture.lines()).toEqual([]);
  });

  it('reads projects and users, one call for each distinct one, beside those that cannot be read', async () => {
    const representations = [
      user(seeded.userKey),
      project(seeded.projectId),
      user('unknown'),
      project(seeded.projectId),
      user('../..'),
      user(seeded.userKey),
    ];
    const { data, errors } = await askEntities(representations);
    const one = { __typename: 'User', key: seeded.userKey, executions: expect.any(Number) };
    const other = { __typename: 'Project', id: seeded.projectId, name: 'Nightfall Suite' };
    expect(data?._entities).toEqual([one, other, null, other, null, one]);
    expect(errors?.map(({ path, extensions }) => [path?.[1], extensions.code]).sort()).toEqual([
      [2, 'FORBIDDEN'],
      [4, 'BAD_USER_INPUT'],
    ]);
    expect([...fixture.lines()].sort()).toEqual(
      [`GET /projects/${seeded.projectId}`, `GET /users/${seeded.userKey}`, `GET /users/${'unknown'}`].sort(),
    );
  });

  it('takes a whole JSON number for an id, as every ID does', async () => {
    const { errors } = await askEntities([script(42)]);
    expect(errors?.[0]?.extensions.code).toBe('FORBIDDEN');
    expect(fixture.lines()).toEqual(['GET /scripts/42']);
  });

  it('reads representations that stand in the document', async () => {
    const { data, errors } = await fixture.gateway.execute<{ _entities: unknown[] }, { id: string }>(
      `query ($id: ID!) {
        _entities(representations: [{ __typename: "Script", id: $id }, { __typename: "Script", id: 9007199254740993 }]) {
          ... on Script { name }
        }
      }`,
      { id: seeded.scriptId },
    );
    expect(data?._entities).toEqual([{ name: 'Nightfall Hub' }, null]);
    expect(errors).toMatchObject([expect.toBeError('BAD_USER_INPUT', { path: ['_entities', 1] })]);
    expect(fixture.lines()).toEqual([`GET /scripts/${seeded.scriptId}`]);
  });

  it("costs nothing beyond the session for the id of an entity's script", async () => {
    const { data } = await askEntities([session(seeded.sessionId)]);
    expect(data?._entities).toMatchObject([{ script: { id: seeded.scriptId } }]);
    expect(fixture.lines()).toEqual([`GET /sessions/${seeded.sessionId}`]);
  });

  it('answers an empty list with an empty list', async () => {
    const { data, errors } = await askEntities([]);
    expect({ data, errors }).toEqual({ data: { _entities: [] }, errors: undefined });
    expect(fixture.lines()).toEqual([]);
  });
});
