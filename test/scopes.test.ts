import { getIntrospectionQuery } from 'graphql';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { scopesOfField } from '../src/callers/needs.ts';
import { type KeyScope, SCOPES } from '../src/callers/scopes.ts';
import { createSchema } from '../src/schema/index.ts';
import { openGateway, type TestGateway } from './support/gateway.ts';
import { bearer, ringOf } from './support/keys.ts';
import { documentOf, type FieldPath, pathsOf } from './support/paths.ts';
import { answerPlainly } from './support/plain-api.ts';
import { startRecorder } from './support/recorder.ts';

const schema = createSchema();
const paths = pathsOf(schema);

/** What each field needs beside those that lead to it; a type stands for its other fields. */
const NEEDED: Readonly<Record<string, readonly KeyScope[]>> = {
  'Query.script': ['scripts:read'],
  'Query.scripts': ['scripts:read'],
  'Query.fetch__Script': ['scripts:read'],
  'Query.session': ['sessions:read'],
  'Query.fetch__Session': ['sessions:read'],
  'Query.project': ['projects:read'],
  'Query.projects': ['projects:read'],
  'Query.user': ['users:read'],
  'Query.users': ['users:read'],
  'Query.rateLimit': [],
  'Query._entities': [],
  'Query._service': [],
  Script: ['scripts:read'],
  'Script.sessions': ['sessions:read'],
  Session: ['sessions:read'],
  'Session.userKey': ['users:read'],
  'Session.user': ['users:read'],
  Project: ['projects:read'],
  'Project.scripts': ['projects:read', 'scripts:read'],
  'Project.executionWebhook': ['secrets:read'],
  'Project.informationWebhook': ['secrets:read'],
  'Project.blacklistWebhook': ['secrets:read'],
  User: ['users:read'],
  'User.fingerprint': ['secrets:read'],
  'Mutation.editScript': ['scripts:write'],
  'Mutation.toggleScript': ['scripts:write'],
  'Mutation.updateScript': ['scripts:source'],
  'Mutation.deleteScript': ['scripts:delete'],
  'Mutation.editProject': ['projects:write'],
  'Mutation.deleteProject': ['projects:delete'],
  'Mutation.editUser': ['users:write'],
  'Mutation.blacklistUser': ['users:write'],
  'Mutation.unblacklistUser': ['users:write'],
  'Mutation.disconnectSession': ['sessions:write'],
  'Mutation.disconnectSessions': ['sessions:write'],
  'Mutation.messageSession': ['sessions:write'],
  'EditScriptSuccess.script': ['scripts:read'],
  'ToggleScriptSuccess.script': ['scripts:read'],
  'UpdateScriptSuccess.script': ['scripts:read'],
  'EditProjectSuccess.project': ['projects:read'],
  'EditUserSuccess.user': ['users:read'],
  'BlacklistUserSuccess.user': ['users:read'],
  'UnblacklistUserSuccess.user': ['users:read'],
  'AlreadyBlacklisted.user': ['users:read'],
  'NotBlacklisted.user': ['users:read'],
};

/** Types whose fields need nothing more than what leads to them. */
const PARTS = [
  'Execution',
  'Blacklist',
  'PageInfo',
  'SessionEdge',
  'SessionConnection',
  'RateLimit',
  '_Service',
  'DeleteScriptSuccess',
  'DeleteProjectSuccess',
  'DisconnectSessionSuccess',
  'DisconnectSessionsSuccess',
  'MessageDelivered',
  'MessageNotDelivered',
  'AccountExpired',
  'AlreadyBlacklisted',
  'NotBlacklisted',
  'NothingToEdit',
  'TierTooLow',
  'DiscordAlreadyLinked',
  'InvalidField',
  'InvalidFields',
  'NotPermitted',
  'UnknownRefusal',
];

const neededAt = (type: string, field: string): readonly KeyScope[] | undefined =>
  NEEDED[`${type}.${field}`] ?? NEEDED[type] ?? (PARTS.includes(type) ? [] : undefined);

/** The response paths that need scopes on the way to a field. */
function neededOn({ steps }: FieldPath): [path: string, scopes: readonly KeyScope[]][] {
  return steps.flatMap(({ type, field }, index): [string, readonly KeyScope[]][] => {
    const scopes = neededAt(type.name, field.name) ?? [];
    const path = steps.slice(0, index + 1).map((step) => step.field.name);
    return scopes.length > 0 ? [[path.join('.'), scopes]] : [];
  });
}

/** What reading the entity takes to which the reference in a document leads. */
function entityScopes({ steps: [root, next] }: FieldPath): readonly KeyScope[] {
  return root?.field.name === '_entities' ? (NEEDED[next?.type.name ?? 'Script'] ?? []) : [];
}

const keyRing = ringOf([
  { name: 'all' },
  ...SCOPES.map((scope) => ({
    name: `all-but-${scope.replace(':', '-')}`,
    scopes: SCOPES.filter((one) => one !== scope),
  })),
  ...paths.map((path, index) => ({
    name: `just-${index}`,
    scopes: [
      ...new Set(neededOn(path).flatMap(([, scopes]) => scopes)),
      // One that needs nothing has what has nothing to do with it.
      'projects:delete',
      ...entityScopes(path),
    ],
  })),
  { name: 'reader', scopes: ['scripts:read', 'projects:read'] },
]);

let recorder: Awaited<ReturnType<typeof startRecorder>>;
let gateway: TestGateway;
beforeAll(async () => {
  recorder = await startRecorder(answerPlainly);
  gateway = await openGateway({ upstream: recorder.url, credentials: { heldKey: 'held', keyRing } });
});
beforeEach(() => void recorder.calls.splice(0));
afterAll(async () => {
  await gateway.close();
  await recorder.close();
  expect(gateway.logged).toEqual([]);
});

const ask = (key: string, document: string, variables?: object, headers: Record<string, string> = {}) =>
  gateway.execute(document, variables, { ...bearer(key), ...headers });

describe('every field', () => {
  it('says what it needs, and nothing else', () => {
    expect(paths.length).toBeGreaterThan(100);
    const said = paths.map(({ coordinate, steps }) => {
      const { type, field } = steps.at(-1) as FieldPath['steps'][number];
      return [coordinate, scopesOfField(type, field)];
    });
    const wanted = paths.map(({ coordinate, steps }) => {
      const { type, field } = steps.at(-1) as FieldPath['steps'][number];
      return [coordinate, neededAt(type.name, field.name)];
    });
    expect(said).toEqual(wanted);
    expect(said.filter(([, scopes]) => scopes === undefined)).toEqual([]);
  });

  it('says in its description what it needs', () => {
    for (const { coordinate, steps } of paths) {
      const { type, field } = steps.at(-1) as FieldPath['steps'][number];
      const scopes = neededAt(type.name, field.name) ?? [];
      const named = field.description?.match(/(?<=`)[a-z]+:[a-z]+(?=`)/g) ?? [];
      expect([coordinate, named]).toEqual([coordinate, scopes]);
    }
  });

  it.each(SCOPES)(
    'is refused without %s exactly if it needs that, before anything is called',
    async (scope) => {
      const key = `all-but-${scope.replace(':', '-')}`;
      for (const path of paths) {
        const missing = neededOn(path).filter(([, scopes]) => scopes.includes(scope));
        // What is not refused is not run either: there must be no call.
        const result = await ask(key, documentOf(path), undefined, { 'x-upstream': 'plan' });
        if (missing.length === 0) {
          expect([path.coordinate, result.errors, result.data]).toEqual([path.coordinate, undefined, null]);
          continue;
        }
        expect([path.coordinate, result.errors?.map(({ extensions }) => extensions)]).toEqual([
          path.coordinate,
          [
            expect.objectContaining({
              code: 'FORBIDDEN',
              missingScopes: Object.fromEntries(missing.map(([at]) => [at, [scope]])),
            }),
          ],
        ]);
        expect(result).not.toHaveProperty('data');
        expect((await ask(key, documentOf(path))).errors).toMatchObject([
          { extensions: { code: 'FORBIDDEN' } },
        ]);
      }
      expect(recorder.calls).toEqual([]);
    },
  );

  it('is there for a key with just the scopes that it needs', async () => {
    for (const [index, path] of paths.entries()) {
      const { data, errors = [] } = await ask(`just-${index}`, documentOf(path));
      const lacking = errors.filter(({ extensions }) => 'missingScopes' in extensions);
      expect([path.coordinate, lacking]).toEqual([path.coordinate, []]);
      expect(data).toBeDefined();
    }
    expect(recorder.calls.length).toBeGreaterThan(paths.length / 2);
  });
});

describe('a document that asks for more than its key may', () => {
  it('is told which field lacks what, by where it stands in the answer', async () => {
    const { status, errors } = await ask(
      'reader',
      `query ($yes: Boolean!) {
        a: script(id: "1") { ...Sessions ... @include(if: $yes) { sessions { nodes { user { fingerprint } } } } }
        b: script(id: "2") { name ...Sessions }
        c: script(id: "3") { sessions @skip(if: true) { nodes { id } } sessions @include(if: false) { nodes { id } } }
        __schema { queryType { name } }
      }
      fragment Sessions on Script { sessions { nodes { id: userKey script { id } } } }`,
      { yes: false },
    );
    expect(status).toBe(200);
    expect(errors).toEqual([
      {
        message:
          'The gateway key "reader" lacks the scopes sessions:read, users:read and secrets:read. Nothing was asked of LuaAuth. Leave out the fields in missingScopes, or use a key that may have them.',
        extensions: {
          code: 'FORBIDDEN',
          missingScopes: {
            'a.sessions': ['sessions:read'],
            'a.sessions.nodes.id': ['users:read'],
            'a.sessions.nodes.script': ['sessions:read'],
            'a.sessions.nodes.user': ['users:read'],
            'a.sessions.nodes.user.fingerprint': ['secrets:read'],
          },
        },
      },
    ]);
    expect(recorder.calls).toEqual([]);
  });

  it('has the status 403 where the media type lets it', async () => {
    const { status, errors } = await ask('reader', '{ user(key: "k") { note } }', undefined, {
      accept: 'application/graphql-response+json',
    });
    expect(status).toBe(403);
    expect(errors).toHaveLength(1);
  });

  it('is answered the same whichever way it comes, and each time', async () => {
    const query = 'mutation { deleteScript(input: { id: "a" }) { __typename } }';
    const answers: unknown[] = [];
    for (const headers of [
      {},
      {},
      { origin: 'http://localhost' },
      { 'content-type': 'application/json; charset=utf-8' },
    ])
      answers.push((await ask('reader', query, undefined, headers as Record<string, string>)).errors);
    const response = await gateway.fetch('http://localhost/graphql', {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...bearer('reader') },
      body: JSON.stringify({ query }),
    });
    answers.push(((await response.json()) as { errors: unknown }).errors);
    expect(answers).toEqual(Array(5).fill(answers[0]));
    expect(answers[0]).toMatchObject([
      { extensions: { missingScopes: { deleteScript: ['scripts:delete'] } } },
    ]);
    expect(recorder.calls).toEqual([]);
  });

  it('names 50 of its fields at most', async () => {
    const fields = Array.from({ length: 55 }, (_one, index) => `f${index}: note`);
    const { errors } = await ask('reader', `{ user(key: "k") { ${fields.join(' ')} } }`);
    expect(Object.keys(errors?.[0]?.extensions.missingScopes as object)).toHaveLength(50);
  });
});

describe('a reference', () => {
  const ENTITIES =
    'query ($r: [_Any!]!) { _entities(representations: $r) { __typename ... on Script { name } } }';

  it('to what the key may not read is an error at its place, the others stay', async () => {
    const r = [
      { __typename: 'User', key: 'k' },
      { __typename: 'Script', id: 'a' },
      { __typename: 'Session', id: 's' },
    ];
    const { data, errors } = await ask('reader', ENTITIES, { r });
    expect(data).toEqual({ _entities: [null, { __typename: 'Script', name: 'name of a' }, null] });
    expect(errors?.map(({ path, extensions }) => [path, extensions])).toEqual([
      [['_entities', 0], { code: 'FORBIDDEN', missingScopes: { '_entities.0': ['users:read'] } }],
      [['_entities', 2], { code: 'FORBIDDEN', missingScopes: { '_entities.2': ['sessions:read'] } }],
    ]);
    expect(recorder.lines()).toEqual(['GET /scripts/a']);
  });
});

it.each([
  ['a key without the scope', bearer('reader')],
  ['no key', {}],
] as [string, Record<string, string>][])('the whole schema is shown to %s', async (_what, headers) => {
  const { data, errors } = await gateway.execute(getIntrospectionQuery(), undefined, headers);
  expect(errors).toBeUndefined();
  expect(JSON.stringify(data)).toContain('deleteScript');
  expect((await gateway.execute('{ _service { sdl } }', undefined, headers)).errors).toBeUndefined();
});
