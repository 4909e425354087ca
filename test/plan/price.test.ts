import { type OperationDefinitionNode, parse } from 'graphql';
import { describe, expect, it } from 'vitest';
import { seeded } from '../../src/features/sandbox/seed-data.ts';
import { createSchema } from '../../src/features/schema.ts';
import { prepareOperation } from '../../src/plan/prepared-operation.ts';
import { jsonPost } from '../support/clients/json-post.ts';
import { useSandbox } from '../support/gateways/fixture.ts';
import { openGateway } from '../support/gateways/gateway.ts';

const schema = createSchema();
const fixture = useSandbox({ shared: true });

type Variables = Record<string, unknown>;

const SPEC = { token: 'sandbox-key', accept: 'application/graphql-response+json' };
const SCRIPT = 'GET /scripts/:script_id';
const SESSION = 'GET /sessions/:session_id';
const PAGE = 'POST /scripts/:script_id/sessions';
const FILTERED_PAGE = 'GET /scripts/:script_id/sessions/filter';
const PROJECT = 'GET /projects/:project_id';
const LISTING = 'GET /projects/:project_id/executions';
const USER = 'GET /users/:user_key';
const EXECUTIONS = 'GET /scripts/:script_id/executions';

interface Upstream {
  readonly price: number;
  readonly plan: readonly { readonly endpoint: string; readonly calls: number }[];
}

/** The calls that the gateway expects, by endpoint; nothing runs. */
async function price(query: string, variables: Variables = {}, operationName?: string) {
  const response = await fetch(
    `${fixture.gateway.url}/graphql`,
    jsonPost({ query, variables, operationName }, { ...SPEC, 'x-upstream': 'plan' }),
  );
  const { extensions, errors } = (await response.json()) as {
    extensions?: { upstream: Upstream };
    errors?: unknown;
  };
  expect(errors).toBeUndefined();
  expect(fixture.sandbox.calls).toEqual([]);
  const { price: total, plan = [] } = extensions?.upstream ?? {};
  expect(plan.reduce((sum, { calls }) => sum + calls, 0)).toBe(total);
  return Object.fromEntries(plan.map(({ endpoint, calls }) => [endpoint, calls]));
}

/** The error of an operation that is too expensive: nothing ran. */
async function refused(query: string, variables: Variables = {}) {
  const { status, errors, ...rest } = await fixture.gateway.execute<unknown, Variables>(
    query,
    variables,
    SPEC,
  );
  expect({ status, data: rest.data }).toEqual({ status: 422, data: undefined });
  expect(errors).toHaveLength(1);
  expect(fixture.sandbox.calls).toEqual([]);
  expect((await fetch(`${fixture.gateway.url}/health`)).status).toBe(200);
  return errors?.[0];
}

const ids = (count: number) => Array.from({ length: count }, (_, index) => `script-${index}`);
const list = (count: number) => JSON.stringify(ids(count));
const references = (count: number, __typename = 'Script') => ids(count).map((id) => ({ __typename, id }));

it.each([
  ['scripts(ids: $list) { id }', '[ID!]!', ids(100_000)],
  ['users(keys: $list) { key }', '[ID!]!', ids(100_000)],
  ['_entities(representations: $list) { __typename }', '[_Any!]!', references(36_000)],
])('looks once at a list that 700 fields have: %s', (field, type, items) => {
  const fields = Array.from({ length: 700 }, (_one, index) => `f${index}: ${field}`);
  const document = parse(`query ($list: ${type}) { ${fields.join(' ')} }`);
  const [operation] = document.definitions as [OperationDefinitionNode];
  let looks = 0;
  const counted = Object.defineProperty([...items], Symbol.iterator, {
    value() {
      looks += 1;
      return items.values();
    },
  });
  const { calls, objects } = prepareOperation(schema, document, operation).price({ list: counted });
  expect({ calls, objects }).toEqual({ calls: 700 * items.length, objects: 700 * items.length });
  expect(looks).toBe(1);
});

describe('the price of a field', () => {
  it.each([
    ['{ __typename }', {}],
    ['{ __schema { types { name } } _service { sdl } }', {}],
    ['{ script(id: 1) { name project { id } } }', { [SCRIPT]: 1 }],
    ['{ a: script(id: 1) { id } b: script(id: 1) { id } }', { [SCRIPT]: 2 }],
    [
      '{ script(id: 1) { id } script(id: 1) { name } ...F } fragment F on Query { script(id: 1) { enabled } }',
      { [SCRIPT]: 1 },
    ],
    ['{ scripts(ids: [1, 2, 3]) { name } }', { [SCRIPT]: 3 }],
    ['{ scripts(ids: 1) { name } }', { [SCRIPT]: 1 }],
    ['{ scripts(ids: [1, 2, "1", 1]) { name executions { count } } }', { [SCRIPT]: 2, [EXECUTIONS]: 2 }],
    ['{ scripts(ids: []) { name executions { count } } }', {}],
    ['{ scripts(ids: [1, 2, 3]) { executions { count } } }', { [SCRIPT]: 3, [EXECUTIONS]: 3 }],
    ['{ script(id: 1) { project { id name } } }', { [SCRIPT]: 1, [PROJECT]: 1 }],
    ['{ script(id: 1) { project { id executions { date } } } }', { [SCRIPT]: 1, [LISTING]: 1 }],
    ['{ scripts(ids: [1, 2]) { project { name } } }', { [SCRIPT]: 2, [PROJECT]: 2 }],
    ['{ project(id: 1) { id } }', { [PROJECT]: 1 }],
    ['{ project(id: 1) { name executions { date } } }', { [PROJECT]: 1, [LISTING]: 1 }],
    ['{ project(id: 1) { id a: executions { date } b: scripts { id } } }', { [PROJECT]: 1, [LISTING]: 1 }],
    [
      '{ project(id: 1) { executions { date } scripts { id name executions { date count } } } }',
      { [PROJECT]: 1, [LISTING]: 1 },
    ],
    [
      '{ project(id: 1) { scripts { id enabled executions { date } } } }',
      { [PROJECT]: 1, [LISTING]: 1, [SCRIPT]: 100 },
    ],
    [
      '{ project(id: 1) { scripts { executions { date } sessions { nodes { id } } } } }',
      { [PROJECT]: 1, [LISTING]: 1, [SCRIPT]: 100, [PAGE]: 100 },
    ],
    ['{ projects(ids: [1, 2]) { id } }', { [PROJECT]: 2 }],
    ['{ projects(ids: [1, 2]) { scripts { name } } }', { [PROJECT]: 2, [LISTING]: 2 }],
    ['{ user(key: 1) { note blacklist { reason } } }', { [USER]: 1 }],
    ['{ users(keys: [1, 2, 3]) { key } }', { [USER]: 3 }],
    ['{ session(id: 1) { user { key } } }', { [SESSION]: 1, [USER]: 1 }],
    ['{ session(id: 1) { id } }', { [SESSION]: 1 }],
    ['{ session(id: 1) { script { id } } }', { [SESSION]: 1 }],
    ['{ session(id: 1) { script { __typename id } } }', { [SESSION]: 1 }],
    ['{ session(id: 1) { script { ...F } } } fragment F on Script { x: id ... { id } }', { [SESSION]: 1 }],
    ['{ session(id: 1) { script { id name } } }', { [SESSION]: 1, [SCRIPT]: 1 }],
    ['{ session(id: 1) { script { id name @skip(if: true) } } }', { [SESSION]: 1 }],
    ['{ session(id: 1) { script { id: name } } }', { [SESSION]: 1, [SCRIPT]: 1 }],
    [
      '{ session(id: 1) { script { id } ...F } } fragment F on Session { script { enabled } }',
      { [SESSION]: 1, [SCRIPT]: 1 },
    ],
  ])('%s', async (document, expected) => {
    expect(await price(document)).toEqual(expected);
  });
});

describe('the price of a page', () => {
  const sessions = (args: string, fields: string) => `{ script(id: 1) { sessions${args} { ${fields} } } }`;
  const NESTED =
    'nodes { script { sessions(first: 4) { nodes { script { name } } pageInfo { hasNextPage } } } }';
  it.each([
    [sessions('', 'nodes { id }'), { [SCRIPT]: 1, [PAGE]: 1 }],
    [sessions('', 'pageInfo { endCursor hasPreviousPage }'), { [SCRIPT]: 1, [PAGE]: 1 }],
    [sessions('', 'pageInfo { hasNextPage }'), { [SCRIPT]: 1, [PAGE]: 2 }],
    [sessions('', 'nodes { script { name } }'), { [SCRIPT]: 51, [PAGE]: 1 }],
    [sessions('(first: null)', 'edges { node { script { name } } }'), { [SCRIPT]: 51, [PAGE]: 1 }],
    [
      sessions('(first: 7)', 'nodes { script { name executions { count } } } pageInfo { hasNextPage }'),
      { [SCRIPT]: 8, [PAGE]: 2, [EXECUTIONS]: 7 },
    ],
    [sessions('(first: 3)', NESTED), { [SCRIPT]: 1 + 3 + 12, [PAGE]: 1 + 6 }],
  ])('%s', async (document, expected) => {
    expect(await price(document)).toEqual(expected);
  });

  it.each([
    [undefined, { [PAGE]: 2 }],
    [null, { [PAGE]: 2 }],
    [{}, { [PAGE]: 2 }],
    [{ jobId: null }, { [PAGE]: 2 }],
    [{ jobId: 'x' }, { [FILTERED_PAGE]: 2 }],
  ])('is of the endpoint that the filter %j needs', async (filter, expected) => {
    const document = `query ($filter: SessionFilter) {
      script(id: 1) { sessions(filter: $filter) { nodes { id } pageInfo { hasNextPage } } } }`;
    expect(await price(document, { filter })).toEqual({ [SCRIPT]: 1, ...expected });
  });

  it.each([
    [1, 1],
    [100, 100],
    [101, 100],
    [2_147_483_647, 100],
    [0, 1],
    [-1, 1],
    [-2_147_483_648, 1],
    [1e300, 100],
    [null, 50],
    [undefined, 50],
  ])('is that of a valid size: first: %s costs %i items', async (first, size) => {
    const document =
      'query ($first: Int) { script(id: 1) { sessions(first: $first) { nodes { script { name } } } } }';
    expect(await price(document, { first })).toEqual({ [SCRIPT]: 1 + size, [PAGE]: 1 });
  });
});

describe('the price of a write', () => {
  const input = '(input: { id: 1 })';
  it.each([
    [`mutation { editScript${input} { __typename } }`, { 'POST /scripts/:script_id/edit': 1 }],
    [
      `mutation { deleteScript${input} { ... on Refusal { message } } }`,
      { 'POST /scripts/:script_id/remove': 1 },
    ],
    [
      'mutation { disconnectSessions(input: { ids: [1, 2, 3] }) { __typename } }',
      { 'POST /sessions/disconnect': 1 },
    ],
    [
      `mutation { editProject${input} { ... on EditProjectSuccess { project { id name } } } }`,
      { 'POST /projects/:project_id/edit': 1 },
    ],
    [
      `mutation { editProject${input} { ... on EditProjectSuccess { project { name scripts { id } } } } }`,
      { 'POST /projects/:project_id/edit': 1, [LISTING]: 1 },
    ],
    [
      'mutation { editUser(input: { key: 1 }) { ... on EditUserSuccess { user { key } } } }',
      { 'POST /users/:user_key/edit': 1, [USER]: 1 },
    ],
    [
      `mutation { blacklistUser(input: { key: 1 }) {
        ... on BlacklistUserSuccess { user { key } } ... on AlreadyBlacklisted { user { key } } } }`,
      { 'POST /users/:user_key/blacklist': 1, [USER]: 1 },
    ],
    [
      `mutation { editScript${input} { ... on EditScriptSuccess { script { id } } ... on Refusal { message } } }`,
      { 'POST /scripts/:script_id/edit': 1, [SCRIPT]: 1 },
    ],
    [
      `mutation { a: editScript${input} { ...S } b: editScript${input} { ...S } c: deleteScript${input} { __typename } }
       fragment S on EditScriptSuccess { script { name executions { count } } }`,
      {
        'POST /scripts/:script_id/edit': 2,
        [SCRIPT]: 2,
        [EXECUTIONS]: 2,
        'POST /scripts/:script_id/remove': 1,
      },
    ],
  ])('%s', async (document, expected) => {
    expect(await price(document)).toEqual(expected);
  });
});

describe('the price of entities', () => {
  const three = references(3);
  const [a, b, c] = three;
  const literal =
    '[{ __typename: "Script", id: "a" }, { __typename: "Script", id: "b" }, { __typename: "Script", id: $id }]';
  const NAME = '{ ... on Script { name } }';
  const ALL = 'query ($all: [_Any!]!)';
  const SELECTED = `${ALL} { _entities(representations: $all) {
    ... on Script { name executions { count } } ... on Session { script { name } } } }`;
  const mixed = [...three, ...references(2, 'Session'), ...references(4, 'Project')];
  const users = [1, 2, 1].map((number) => ({ __typename: 'User', key: `k${number}`, id: 'the same' }));
  const odd = [{ __typename: 'User', key: { toString: 1 } }, { __typename: 'User' }];
  const none = [
    ...['Script', 5, [], {}, { __typename: 'Query' }, { __typename: 'ID' }],
    ...[{ __typename: 'toString' }, { __typename: ['Script'] }],
  ];
  it.each<[what: string, document: string, variables: Variables, expected: object]>([
    [
      'literals',
      `query ($id: ID = "c") { _entities(representations: ${literal}) ${NAME} }`,
      {},
      { [SCRIPT]: 3 },
    ],
    ['a variable', `${ALL} { _entities(representations: $all) ${NAME} }`, { all: three }, { [SCRIPT]: 3 }],
    [
      'an alias',
      `${ALL} { x: _entities(representations: $all) { __typename } }`,
      { all: three },
      { [SCRIPT]: 3 },
    ],
    [
      'a fragment',
      `${ALL} { ...F } fragment F on Query { ... { _entities(representations: $all) { __typename } } }`,
      { all: three },
      { [SCRIPT]: 3 },
    ],
    [
      'a variable each',
      'query ($a: _Any!, $b: _Any!, $c: _Any!) { _entities(representations: [$a, $b, $c]) { __typename } }',
      { a, b, c },
      { [SCRIPT]: 3 },
    ],
    [
      'one item for a list',
      `${ALL} { _entities(representations: $all) ${NAME} }`,
      { all: a },
      { [SCRIPT]: 1 },
    ],
    [
      'several types',
      SELECTED,
      { all: mixed },
      { [SCRIPT]: 3 + 2, [EXECUTIONS]: 3, [SESSION]: 2, [PROJECT]: 4 },
    ],
    [
      'repeated references',
      `${ALL} { _entities(representations: $all) { ... on Script { sessions { __typename } } } }`,
      { all: [...Array(150).fill(references(2)).flat(), ...users] },
      { [SCRIPT]: 2, [PAGE]: 2, [USER]: 2 },
    ],
    [
      'odd keys',
      `${ALL} { _entities(representations: $all) ${NAME} }`,
      { all: [...users, ...odd] },
      { [USER]: 4 },
    ],
    ['no references', `${ALL} { _entities(representations: $all) { __typename } }`, { all: none }, {}],
  ])('given by %s', async (_what, document, variables, expected) => {
    expect(await price(document, variables)).toEqual(expected);
  });
});

describe('the price depends on the variables of each request', () => {
  const LISTS = 'query ($ids: [ID!]! = ["a", "b"]) { scripts(ids: $ids) { name } }';
  const ITEMS = 'query ($a: ID!, $b: ID!) { scripts(ids: [$a, $b, "c"]) { name } }';
  const CONDITIONS = `query ($more: Boolean!, $less: Boolean = false) {
    script(id: 1) {
      name
      executions @include(if: $more) { count }
      ... @skip(if: $less) { sessions { nodes { id } } }
      ...F @include(if: $more)
    }
  }
  fragment F on Script { b: executions { count } }`;
  const PAGES = `query ($id: ID!, $filter: SessionFilter, $job: ID, $first: Int) {
    script(id: $id) {
      a: sessions(filter: { jobId: $job }) { nodes { id } }
      b: sessions(filter: $filter) { nodes { id } }
      c: sessions(first: $first) { nodes { script { name } } }
    }
  }`;
  const EACH = 'query A { script(id: 1) { id } } query B { scripts(ids: [1, 2]) { id } }';
  const more = { [SCRIPT]: 1, [EXECUTIONS]: 2 };
  const filtered = { [SCRIPT]: 3, [PAGE]: 2, [FILTERED_PAGE]: 1 };
  it.each<[document: string, variables: Variables, expected: object, name?: string]>([
    [LISTS, {}, { [SCRIPT]: 2 }],
    [LISTS, { ids: ids(9) }, { [SCRIPT]: 9 }],
    [ITEMS, { a: 1, b: 2 }, { [SCRIPT]: 3 }],
    [CONDITIONS, { more: false }, { [SCRIPT]: 1, [PAGE]: 1 }],
    [CONDITIONS, { more: true }, { ...more, [PAGE]: 1 }],
    [CONDITIONS, { more: true, less: true }, more],
    [PAGES, { id: 1, first: 2 }, { [SCRIPT]: 3, [PAGE]: 3 }],
    [PAGES, { id: 1, first: 4 }, { [SCRIPT]: 5, [PAGE]: 3 }],
    [PAGES, { id: 2, first: 2, job: 'x' }, filtered],
    [PAGES, { id: 2, first: 2, filter: { jobId: 'x' } }, filtered],
    [EACH, {}, { [SCRIPT]: 1 }, 'A'],
    [EACH, {}, { [SCRIPT]: 2 }, 'B'],
  ])('%s with %j', async (document, variables, expected, name) => {
    expect(await price(document, variables, name)).toEqual(expected);
  });
});

describe('an operation', () => {
  it('may need 250 REST calls, and not one more', async () => {
    const { data } = await fixture.gateway.execute<{ scripts: unknown[] }, Variables>(
      `{ scripts(ids: ${list(250)}) { id } }`,
    );
    expect(data?.scripts).toHaveLength(250);
    expect(fixture.sandbox.calls).toHaveLength(250);
    fixture.sandbox.reset();
    expect(await refused(`{ scripts(ids: ${list(251)}) { id } }`)).toBeJustError('OPERATION_TOO_EXPENSIVE', {
      message:
        'The operation may need 251 REST calls (GET /scripts/:script_id 251); at most 250 are allowed. Ask for smaller pages or fewer items, or split the operation.',
      found: 251,
      limit: 250,
      endpoints: [{ endpoint: SCRIPT, calls: 251 }],
      locations: undefined,
    });
  });

  it('pays once for an id that is repeated, although it shows the script each time', async () => {
    const document =
      'query ($ids: [ID!]!) { scripts(ids: $ids) { sessions(first: 2) { nodes { script { name } } } } }';
    const repeated = { ids: Array(100).fill(['a', 'b']).flat() };
    expect(await price(document, repeated)).toEqual({ [SCRIPT]: 2 + 4, [PAGE]: 2 });
    const { data } = await fixture.gateway.execute<{ scripts: unknown[] }, Variables>(
      'query ($ids: [ID!]!) { scripts(ids: $ids) { executions { count } } }',
      { ids: Array(100).fill(seeded.scriptId) },
    );
    expect(data?.scripts).toHaveLength(100);
    expect(fixture.sandbox.calls).toHaveLength(2);
    fixture.sandbox.reset();
    const all = { ids: Array(20_001).fill('a') };
    expect((await refused('query ($ids: [ID!]!) { scripts(ids: $ids) { id } }', all))?.extensions).toEqual({
      code: 'ANSWER_TOO_LARGE',
      found: 20_001,
      limit: 20_000,
    });
  });

  it.each<[string, string, Variables]>([
    ['ids in a variable', 'query ($ids: [ID!]!) { scripts(ids: $ids) { id } }', { ids: ids(251) }],
    [
      'some ids again and again',
      'query ($ids: [ID!]!) { scripts(ids: $ids) { id } }',
      { ids: Array(12).fill(ids(251)).flat() },
    ],
    [
      'page sizes in a variable',
      'query ($n: Int) { script(id: 1) { sessions(first: $n) { nodes { script { sessions(first: $n) { nodes { script { name } } } } } } } }',
      { n: 20 },
    ],
    [
      '3,000 representations',
      'query ($all: [_Any!]!) { x: _entities(representations: $all) { ... on Script { id } } }',
      { all: references(3_000) },
    ],
    [
      'aliases that add up',
      '{ a: scripts(ids: $ids) { id } b: scripts(ids: $ids) { id } }'.replace('{', 'query ($ids: [ID!]!) {'),
      { ids: ids(126) },
    ],
  ])('that is too expensive is refused: %s', async (_title, document, variables) => {
    expect((await refused(document, variables))?.extensions.code).toBe('OPERATION_TOO_EXPENSIVE');
  });

  it('that is too expensive with some variables runs with others', async () => {
    const document =
      'query ($ids: [ID!]!, $all: Boolean!) { scripts(ids: $ids) { executions @include(if: $all) { count } } }';
    for (let time = 0; time < 2; time += 1) {
      await refused(document, { ids: ids(126), all: true });
      const { status } = await fixture.gateway.execute<unknown, Variables>(
        document,
        { ids: [seeded.scriptId], all: true },
        SPEC,
      );
      expect(status).toBe(200);
      expect(fixture.sandbox.calls.map(({ route }) => route)).toEqual([SCRIPT, EXECUTIONS]);
      fixture.sandbox.reset();
    }
  });

  it('is priced without end when its depth is not limited', async () => {
    const none = Number.POSITIVE_INFINITY;
    const open = await openGateway({
      upstream: fixture.sandbox.url,
      limits: { depth: none },
    });
    try {
      const nest = (levels: number, field: string) =>
        `${field.repeat(levels)} id ${'}'.repeat(levels * (field.split('{').length - 1))}`;
      const deep = `{ script(id: 1) { ${nest(40, 'sessions(first: 100) { nodes { script { ')} } }`;
      const { status, errors } = await open.execute(deep, {}, SPEC);
      expect(status).toBe(422);
      expect(errors?.[0]?.extensions).toMatchObject({
        code: 'OPERATION_TOO_EXPENSIVE',
        found: 1e9,
        limit: 250,
      });
      expect(fixture.sandbox.calls).toEqual([]);
    } finally {
      await open.close();
    }
  });
});
