import { getIntrospectionQuery } from 'graphql';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { readTable } from '../../scripts/schema-tables.ts';
import { type KeyScope, SCOPES, scopesOfField } from '../../src/callers/scopes.ts';
import { createSchema } from '../../src/features/schema.ts';
import { answerPlainly } from '../support/api/plain-api.ts';
import { startRecorder } from '../support/api/recorder.ts';
import { jsonPost } from '../support/clients/json-post.ts';
import { bearer, ringOf } from '../support/clients/keys.ts';
import { openGateway, type TestGateway } from '../support/gateways/gateway.ts';
import { textOf } from '../support/repository/repository.ts';
import { documentOf, type FieldPath, pathsOf } from './field-paths.ts';

const schema = createSchema();
const paths = pathsOf(schema);

/** The scopes that each field needs beside those on the way to it, as reviewed. */
const NEEDED = readTable(textOf('schema/scopes.txt')) as ReadonlyMap<string, readonly KeyScope[]>;

const neededAt = (type: string, field: string) => NEEDED.get(`${type}.${field}`);

/** The response paths that need scopes on the way to a field. */
function neededOn({ steps }: FieldPath): [path: string, scopes: readonly KeyScope[]][] {
  return steps.flatMap(({ type, field }, index): [string, readonly KeyScope[]][] => {
    const scopes = neededAt(type.name, field.name) ?? [];
    const path = steps.slice(0, index + 1).map((step) => step.field.name);
    return scopes.length > 0 ? [[path.join('.'), scopes]] : [];
  });
}

/** The scopes for the entity that the reference in a document leads to. */
function entityScopes({ steps: [root, next] }: FieldPath): readonly KeyScope[] {
  if (root?.field.name !== '_entities') return [];
  const type = next?.type.name ?? 'Script';
  return neededAt(type, 'id') ?? neededAt(type, 'key') ?? [];
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
        // In plan mode a document that is not refused makes no call either.
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
        expect((await ask(key, documentOf(path))).errors).toMatchObject([expect.toBeError('FORBIDDEN')]);
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
      expect.toBeJustError('FORBIDDEN', {
        message:
          'The gateway key "reader" lacks the scopes sessions:read, users:read and secrets:read. Nothing was sent to LuaAuth. Leave out the fields in missingScopes, or use a key with these scopes.',
        missingScopes: {
          'a.sessions': ['sessions:read'],
          'a.sessions.nodes.id': ['users:read'],
          'a.sessions.nodes.script': ['sessions:read'],
          'a.sessions.nodes.user': ['users:read'],
          'a.sessions.nodes.user.fingerprint': ['secrets:read'],
        },
        locations: undefined,
      }),
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
    const response = await gateway.fetch('http://localhost/graphql', jsonPost(query, bearer('reader')));
    answers.push(((await response.json()) as { errors: unknown }).errors);
    expect(answers).toEqual(Array(5).fill(answers[0]));
    expect(answers[0]).toMatchObject([
      { extensions: { missingScopes: { deleteScript: ['scripts:delete'] } } },
    ]);
    expect(recorder.calls).toEqual([]);
  });

  it('needs nothing for what is selected on a type that the object cannot have', async () => {
    const { data, errors } = await ask(
      'reader',
      '{ script(id: "1") { id ... on _Entity { ... on User { note } ... on Session { id } } } }',
    );
    expect([data, errors]).toEqual([{ script: { id: '1' } }, undefined]);
    expect(recorder.calls.splice(0)).toHaveLength(1);
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
    const missing = (index: number, scope: string) =>
      expect.toBeJustError('FORBIDDEN', {
        path: ['_entities', index],
        missingScopes: { [`_entities.${index}`]: [scope] },
      });
    expect(errors).toEqual([missing(0, 'users:read'), missing(2, 'sessions:read')]);
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
