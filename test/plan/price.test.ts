import { describe, expect, it } from 'vitest';
import { seeded } from '../../src/features/sandbox/seed-data.ts';
import { useSandbox } from '../support/gateways/fixture.ts';
import { openGateway } from '../support/gateways/gateway.ts';

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
  const response = await fetch(`${fixture.gateway.url}/graphql`, {
    method: 'POST',
    headers: { ...SPEC, 'content-type': 'application/json', 'x-upstream': 'plan' },
    body: JSON.stringify({ query, variables, operationName }),
  });
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
    [
      '{ scripts(ids: [1, 2, "1", 1]) { name executions { count } } }',
      { [SCRIPT]: 2, [EXECUTIONS]: 2, [LISTING]: 1 },
    ],
    ['{ scripts(ids: []) { name executions { count } } }', {}],
    ['{ scripts(ids: [1, 2, 3]) { executions { count } } }', { [SCRIPT]: 3, [EXECUTIONS]: 3, [LISTING]: 1 }],
    ['{ script(id: 1) { project { id name } } }', { [SCRIPT]: 1, [PROJECT]: 1 }],
    ['{ script(id: 1) { project { id executions { date } } } }', { [SCRIPT]: 1, [LISTING]: 1 }],
    ['{ scripts(ids: [1, 2]) { project { name } } }', { [SCRIPT]: 2, [PROJECT]: 2 }],
    ['{ project(id: 1) { id } }', { [PROJECT]: 1 }],
    ['{ project(id: 1) { name executions { date } } }', { [PROJECT]: 1, [LISTING]: 1 }],
    ['{ project(id: 1) { id a: executions { date } b: scripts { id } } }', { [LISTING]: 1 }],
    [
      '{ project(id: 1) { executions { date } scripts { id name executions { date count } } } }',
      { [LISTING]: 1 },
    ],
    ['{ project(id: 1) { scripts { id enabled executions { date } } } }', { [LISTING]: 1, [SCRIPT]: 100 }],
    [
      '{ project(id: 1) { scripts { executions { date } sessions { nodes { id } } } } }',
      { [LISTING]: 1, [SCRIPT]: 100, [PAGE]: 100 },
    ],
    ['{ projects(ids: [1, 2]) { id } }', { [PROJECT]: 2 }],
    ['{ projects(ids: [1, 2]) { scripts { name } } }', { [LISTING]: 2 }],
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
  it('is one call, one more for hasNextPage, and multiplies what stands below its items by their number', async () => {
    const sessions = (args: string, fields: string) => `{ script(id: 1) { sessions${args} { ${fields} } } }`;
    const one = { [SCRIPT]: 1, [PAGE]: 1 };
    expect(await price(sessions('', 'nodes { id }'))).toEqual(one);
    expect(await price(sessions('', 'pageInfo { endCursor hasPreviousPage }'))).toEqual(one);
    expect(await price(sessions('', 'pageInfo { hasNextPage }'))).toEqual({ [SCRIPT]: 1, [PAGE]: 2 });
    expect(await price(sessions('', 'nodes { script { name } }'))).toEqual({ [SCRIPT]: 51, [PAGE]: 1 });
    expect(await price(sessions('(first: null)', 'edges { node { script { name } } }'))).toEqual({
      [SCRIPT]: 51,
      [PAGE]: 1,
    });
    expect(
      await price(
        sessions('(first: 7)', 'nodes { script { name executions { count } } } pageInfo { hasNextPage }'),
      ),
    ).toEqual({ [SCRIPT]: 8, [PAGE]: 2, [EXECUTIONS]: 7, [LISTING]: 3 });
    expect(
      await price(
        sessions(
          '(first: 3)',
          'nodes { script { sessions(first: 4) { nodes { script { name } } pageInfo { hasNextPage } } } }',
        ),
      ),
    ).toEqual({ [SCRIPT]: 1 + 3 + 12, [PAGE]: 1 + 6 });
  });

  it('is that of the other endpoint with a filter', async () => {
    const document =
      'query ($filter: SessionFilter) { script(id: 1) { sessions(filter: $filter) { nodes { id } pageInfo { hasNextPage } } } }';
    const all = { [SCRIPT]: 1, [PAGE]: 2 };
    expect(await price(document)).toEqual(all);
    expect(await price(document, { filter: null })).toEqual(all);
    expect(await price(document, { filter: {} })).toEqual(all);
    expect(await price(document, { filter: { jobId: null } })).toEqual(all);
    expect(await price(document, { filter: { jobId: 'x' } })).toEqual({ [SCRIPT]: 1, [FILTERED_PAGE]: 2 });
  });

  it('is not distorted by a size that the resolver will refuse', async () => {
    const document =
      'query ($first: Int) { script(id: 1) { sessions(first: $first) { nodes { script { name } } } } }';
    for (const [first, size] of [
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
    ]) {
      expect(await price(document, { first })).toEqual({ [SCRIPT]: 1 + Number(size), [PAGE]: 1 });
    }
  });
});

describe('the price of a write', () => {
  const input = '(input: { id: 1 })';
  it.each([
    [`mutation { editScript${input} { __typename } }`, { 'POST /scripts/:script_id/edit': 1 }],
    [
      'mutation { updateScript(input: { id: 1, source: "x" }) { __typename } }',
      { 'POST /scripts/:script_id/update': 1 },
    ],
    [
      'mutation { toggleScript(input: { id: 1, enabled: true }) { __typename } }',
      { 'POST /scripts/:script_id/toggle': 1 },
    ],
    [
      `mutation { deleteScript${input} { ... on Refusal { message } } }`,
      { 'POST /scripts/:script_id/remove': 1 },
    ],
    [
      'mutation { disconnectSession(input: { id: 1 }) { __typename } }',
      { 'POST /sessions/:session_id/disconnect': 1 },
    ],
    [
      'mutation { disconnectSessions(input: { ids: [1, 2, 3] }) { __typename } }',
      { 'POST /sessions/disconnect': 1 },
    ],
    [
      'mutation { messageSession(input: { id: 1, handler: "h", data: [1] }) { __typename } }',
      { 'POST /sessions/:session_id/message': 1 },
    ],
    [
      `mutation { editProject${input} { ... on EditProjectSuccess { project { id name } } } }`,
      { 'POST /projects/:project_id/edit': 1 },
    ],
    [
      `mutation { editProject${input} { ... on EditProjectSuccess { project { name scripts { id } } } } }`,
      { 'POST /projects/:project_id/edit': 1, [LISTING]: 1 },
    ],
    [`mutation { deleteProject${input} { __typename } }`, { 'POST /projects/:project_id/remove': 1 }],
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
      'mutation { unblacklistUser(input: { key: 1 }) { ... on Refusal { message } } }',
      { 'POST /users/:user_key/unblacklist': 1 },
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
        [LISTING]: 1,
        'POST /scripts/:script_id/remove': 1,
      },
    ],
  ])('%s', async (document, expected) => {
    expect(await price(document)).toEqual(expected);
  });
});

describe('the price of entities', () => {
  it('counts their representations, however they are written', async () => {
    const three =
      '[{ __typename: "Script", id: "a" }, { __typename: "Script", id: "b" }, { __typename: "Script", id: $id }]';
    const name = '... on Script { name }';
    const expected = { [SCRIPT]: 3 };
    expect(await price(`query ($id: ID = "c") { _entities(representations: ${three}) { ${name} } }`)).toEqual(
      expected,
    );
    const byVariable =
      'query ($all: [_Any!]!) { _entities(representations: $all) { ... on Script { name } } }';
    expect(await price(byVariable, { all: references(3) })).toEqual(expected);
    expect(
      await price('query ($all: [_Any!]!) { x: _entities(representations: $all) { __typename } }', {
        all: references(3),
      }),
    ).toEqual(expected);
    expect(
      await price(
        'query ($all: [_Any!]!) { ...F } fragment F on Query { ... { _entities(representations: $all) { __typename } } }',
        { all: references(3) },
      ),
    ).toEqual(expected);
    const items =
      'query ($a: _Any!, $b: _Any!, $c: _Any!) { _entities(representations: [$a, $b, $c]) { __typename } }';
    const [a, b, c] = references(3);
    expect(await price(items, { a, b, c })).toEqual(expected);
    expect(await price(byVariable, { all: a })).toEqual({ [SCRIPT]: 1 });
  });

  it('is that of each type, and of what is selected on it', async () => {
    const document = `query ($all: [_Any!]!) {
      _entities(representations: $all) {
        ... on Script { name executions { count } }
        ... on Session { script { name } }
      }
    }`;
    const all = [...references(3), ...references(2, 'Session'), ...references(4, 'Project')];
    expect(await price(document, { all })).toEqual({
      [SCRIPT]: 3 + 2,
      [EXECUTIONS]: 3,
      [LISTING]: 1,
      [SESSION]: 2,
      [PROJECT]: 4,
    });
  });

  it('pays once for one that is repeated, whatever else its references say', async () => {
    const document =
      'query ($all: [_Any!]!) { _entities(representations: $all) { ... on Script { sessions { __typename } } } }';
    const scripts = Array(150).fill(references(2)).flat();
    const users = [1, 2, 1].map((number) => ({ __typename: 'User', key: `k${number}`, id: 'the same' }));
    const odd = [{ __typename: 'User', key: { toString: 1 } }, { __typename: 'User' }];
    expect(await price(document, { all: [...scripts, ...users] })).toEqual({
      [SCRIPT]: 2,
      [PAGE]: 2,
      [USER]: 2,
    });
    expect(await price(document, { all: [...users, ...odd] })).toEqual({ [USER]: 2 + 2 });
  });

  it('takes nothing that is no reference for one', async () => {
    const all = [
      'Script',
      5,
      [],
      {},
      { __typename: 'Query' },
      { __typename: 'ID' },
      { __typename: 'toString' },
      { __typename: ['Script'] },
    ];
    expect(
      await price('query ($all: [_Any!]!) { _entities(representations: $all) { __typename } }', { all }),
    ).toEqual({});
  });
});

describe('the price depends on the variables', () => {
  it('of lists, with their defaults', async () => {
    const document = 'query ($ids: [ID!]! = ["a", "b"]) { scripts(ids: $ids) { name } }';
    expect(await price(document)).toEqual({ [SCRIPT]: 2 });
    expect(await price(document, { ids: ids(9) })).toEqual({ [SCRIPT]: 9 });
    expect(
      await price('query ($a: ID!, $b: ID!) { scripts(ids: [$a, $b, "c"]) { name } }', { a: 1, b: 2 }),
    ).toEqual({ [SCRIPT]: 3 });
  });

  it('of @skip and @include', async () => {
    const document = `query ($more: Boolean!, $less: Boolean = false) {
      script(id: 1) {
        name
        executions @include(if: $more) { count }
        ... @skip(if: $less) { sessions { nodes { id } } }
        ...F @include(if: $more)
      }
    }
    fragment F on Script { b: executions { count } }`;
    expect(await price(document, { more: false })).toEqual({ [SCRIPT]: 1, [PAGE]: 1 });
    expect(await price(document, { more: true })).toEqual({
      [SCRIPT]: 1,
      [PAGE]: 1,
      [EXECUTIONS]: 2,
      [LISTING]: 1,
    });
    expect(await price(document, { more: true, less: true })).toEqual({
      [SCRIPT]: 1,
      [EXECUTIONS]: 2,
      [LISTING]: 1,
    });
  });

  it('of each request anew, though the document is the same', async () => {
    const document = `query ($id: ID!, $filter: SessionFilter, $job: ID, $first: Int) {
      script(id: $id) {
        a: sessions(filter: { jobId: $job }) { nodes { id } }
        b: sessions(filter: $filter) { nodes { id } }
        c: sessions(first: $first) { nodes { script { name } } }
      }
    }`;
    expect(await price(document, { id: 1, first: 2 })).toEqual({ [SCRIPT]: 3, [PAGE]: 3 });
    expect(await price(document, { id: 1, first: 4 })).toEqual({ [SCRIPT]: 5, [PAGE]: 3 });
    expect(await price(document, { id: 2, first: 2, job: 'x' })).toEqual({
      [SCRIPT]: 3,
      [PAGE]: 2,
      [FILTERED_PAGE]: 1,
    });
    expect(await price(document, { id: 2, first: 2, filter: { jobId: 'x' } })).toEqual({
      [SCRIPT]: 3,
      [PAGE]: 2,
      [FILTERED_PAGE]: 1,
    });
  });

  it('and on the operation that is chosen', async () => {
    const document = 'query A { script(id: 1) { id } } query B { scripts(ids: [1, 2]) { id } }';
    expect(await price(document, {}, 'A')).toEqual({ [SCRIPT]: 1 });
    expect(await price(document, {}, 'B')).toEqual({ [SCRIPT]: 2 });
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
    [
      'a condition that holds',
      'query ($ids: [ID!]!, $all: Boolean!) { scripts(ids: $ids) { executions @include(if: $all) { count } } }',
      { ids: ids(126), all: true },
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
