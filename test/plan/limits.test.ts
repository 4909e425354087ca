import { getIntrospectionQuery } from 'graphql';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { seeded } from '../../src/features/sandbox/seed-data.ts';
import { type Sandbox, startSandbox } from '../../src/features/sandbox/server.ts';
import { jsonPost } from '../support/clients/json-post.ts';
import { configOf } from '../support/gateways/configured.ts';
import { useOpened } from '../support/gateways/fixture.ts';
import { openGateway, type ResultError, type TestGateway } from '../support/gateways/gateway.ts';

let sandbox: Sandbox;
let gateway: TestGateway;
const opened = useOpened();

beforeAll(async () => {
  sandbox = await startSandbox({ rate: 0 });
  gateway = await openGateway({ upstream: sandbox.url });
});
beforeEach(() => sandbox.reset());
afterAll(async () => {
  await gateway.close();
  await sandbox.close();
});

const SPEC = { token: 'sandbox-key', accept: 'application/graphql-response+json' };

/** The errors of a document that the gateway refuses: 422, nothing ran, nothing was called, nobody was alarmed. */
async function refused(document: string, by = gateway, as = 422): Promise<ResultError[]> {
  const before = sandbox.calls.length;
  const { status, errors = [], ...rest } = await by.execute(document, {}, SPEC);
  expect({ status, data: rest.data }).toEqual({ status: as, data: undefined });
  expect(sandbox.calls.slice(before)).toEqual([]);
  expect(by.logged).toEqual([]);
  expect((await fetch(`${by.url}/health`)).status).toBe(200);
  return errors;
}

/** The refusals as `code found/limit`. */
async function limitsMet(document: string, by = gateway): Promise<string[]> {
  const errors = await refused(document, by);
  return errors.map(({ message, extensions: { code, found, limit } }) => {
    expect(message).toContain(Number(limit).toLocaleString('en'));
    return `${code} ${found}/${limit}`;
  });
}

async function codes(document: string, by = gateway, as = 422): Promise<string[]> {
  return [...new Set((await refused(document, by, as)).map(({ extensions }) => extensions.code))];
}

async function accepted(document: string, by = gateway): Promise<unknown> {
  const { status, data, errors } = await by.execute(document, {}, SPEC);
  expect({ status, errors }).toEqual({ status: 200, errors: undefined });
  return data;
}

const times = (count: number, write: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => write(index)).join(' ');

const script = `script(id: "${seeded.scriptId}")`;

/** Fields inside one another: the way from a script to its sessions and back, as often as it takes. */
function nested(depth: number, root = script): string {
  const way = ['sessions(first: 1)', 'edges', 'node', 'script'];
  const fields = Array.from({ length: depth - 2 }, (_, level) => way[level % way.length]);
  return `${[root, ...fields].join(' { ')} { __typename ${'}'.repeat(depth - 1)}`;
}

const withFragments = (count: number, fields: string) =>
  `{ ${script} { ${fields} ${times(count, (i) => `...F${i}`)} } }
  ${times(count, (i) => `fragment F${i} on Script { id }`)}`;

describe('a document', () => {
  it('may have 20,000 characters, comments included', async () => {
    const padded = (length: number) => `{ __typename } #${'x'.repeat(length - 16)}`;
    expect(padded(20_000)).toHaveLength(20_000);
    await accepted(padded(20_000));
    expect(await limitsMet(padded(20_001))).toEqual(['DOCUMENT_TOO_LARGE 20001/20000']);
  });

  it('padded to 1 MB with comments is refused, each time it comes', async () => {
    const document = `{ __typename } #${'x'.repeat(1_000_000)}`;
    for (let time = 0; time < 3; time += 1) {
      expect(await limitsMet(document)).toEqual(['DOCUMENT_TOO_LARGE 1000016/20000']);
    }
  });

  it('may have any number of commas and comments', async () => {
    await accepted(`{ ${times(3_000, () => ',')} __typename } ${times(3_000, () => '#\n')}`);
  });

  it('that is no GraphQL says so, before and after it is known', async () => {
    for (const document of ['{', '{ a ', '', '"', '{ a(b: "\n") }', '\u0000', '{ a }}', '}'.repeat(400)]) {
      expect(await codes(document, gateway, 400)).toEqual(['GRAPHQL_PARSE_FAILED']);
      expect(await codes(document, gateway, 400)).toEqual(['GRAPHQL_PARSE_FAILED']);
    }
  });
});

describe('depth', () => {
  it('10 passes', async () => {
    expect(await accepted(`{ ${nested(10)} }`)).toHaveProperty(
      'script.sessions.edges.0.node.script.sessions',
    );
  });

  it('11 is refused', async () => {
    expect(await limitsMet(`{ ${nested(11)} }`)).toEqual(['TOO_DEEP 11/10']);
  });

  it.each([
    [3_000, 'TOO_DEEP 301/300'],
    [20_000, 'DOCUMENT_TOO_LARGE 60000/20000'],
  ])('%i is refused', async (depth, limit) => {
    expect(await limitsMet(`${'{a'.repeat(depth)}${'}'.repeat(depth)}`)).toEqual([limit]);
  });

  it.each([
    ['a list literal', `{ script(id: ${'['.repeat(9_000)}1${']'.repeat(9_000)}) { id } }`],
    ['an object literal', `{ script(id: ${'{a:'.repeat(4_500)}1${'}'.repeat(4_500)}) { id } }`],
    ['a type', `query ($a: ${'['.repeat(5_000)}ID${']'.repeat(5_000)}) { __typename }`],
  ])('of %s, thousands of times, is refused with 422', async (_title, document) => {
    expect(await limitsMet(document)).toEqual(['TOO_DEEP 301/300']);
  });

  it('does not count brackets in strings, block strings and comments', async () => {
    const brackets = '{[('.repeat(500);
    await accepted(
      `{ ${script} { sessions(filter: { jobId: "${brackets.slice(0, 500)}" }) { nodes { id } } } } # ${brackets}`,
    );
    await accepted(`{ ${script} { sessions(filter: { jobId: """[[[\\"""[[[""" }) { nodes { id } } } }`);
  });

  it('hidden in fragments is found', async () => {
    const inFragments = (last: string) => `
      { ...A }
      fragment A on Query { ${script} { ...B } }
      fragment B on Script { sessions(first: 1) { edges { ...C } } }
      fragment C on SessionEdge { node { script { ... on Script { ...D } } } }
      fragment D on Script { sessions(first: 1) { nodes { ...E } } }
      fragment E on Session { script { ${last} } }`;
    await accepted(inFragments('name'));
    await accepted(inFragments('project { id }'));
    expect(await limitsMet(inFragments('sessions(first: 1) { nodes { id } }'))).toEqual(['TOO_DEEP 11/10']);
  });

  it('of one fragment that is used at two depths is that of the deeper one', async () => {
    const at = (deeper: string) => `
      { ${script} { ...F sessions(first: 1) { edges { node { script { sessions(first: 1) { nodes { ${deeper} } } } } } } } }
      fragment F on Script { sessions(first: 1) { nodes { id } } }`;
    await accepted(at('id'));
    expect(await limitsMet(at('script { ...F }'))).toEqual(['TOO_DEEP 11/10']);
  });

  it('of a fragment that is named like an introspection field counts', async () => {
    for (const name of ['__schema', '__type', '__proto__', 'constructor']) {
      const document = (depth: number) =>
        `{ ${script} { ...${name} } } fragment ${name} on Script { ${nested(depth - 1, 'sessions(first: 1) { edges { node { script')} } } } }`;
      await accepted(document(7));
      expect(await limitsMet(document(8))).toEqual(['TOO_DEEP 11/10']);
    }
  });
});

describe('the fields of an operation', () => {
  const numbered = (count: number, field = 'id') => times(count, (i) => `a${i}:${field}`);

  it('may be 2,000', async () => {
    const inScript = (count: number) => `{ ${script} { ${numbered(count - 1)} } }`;
    await accepted(inScript(2_000));
    expect(await limitsMet(inScript(2_001))).toEqual(['OPERATION_TOO_LARGE 2001/2000']);
  });

  it('count wherever their fragment is spread, on every level', async () => {
    const document = (spreads: number) => `
      { ${script} { ${times(spreads, (i) => `... @include(if: true) { ...A${i} }`)} } }
      ${times(spreads, (i) => `fragment A${i} on Script { project { ...P } }`)}
      fragment P on Project { ${numbered(99)} }`;
    await accepted(document(19));
    expect(await limitsMet(document(20))).toEqual(['OPERATION_TOO_LARGE 2001/2000']);
  });

  it('may stand in 100 fragments', async () => {
    const document = (count: number) => `{ ${script} { ${times(count, (i) => `...A${i}`)} } }
      ${times(count, (i) => `fragment A${i} on Script { id }`)}`;
    await accepted(document(100));
    expect(await limitsMet(document(101))).toEqual(['OPERATION_TOO_LARGE 101/100']);
  });

  it('at the root count like all others, and are bounded by their price before', async () => {
    const typenames = (
      count: number,
    ) => `{ ...F ...G } fragment F on Query { ${numbered(count, 'status{since}')} }
      fragment G on Query { __typename }`;
    await accepted(typenames(500));
    expect(await limitsMet(`{ ${times(2_001, () => 'x')} }`)).toEqual(['OPERATION_TOO_LARGE 2001/2000']);
    const scripts = (count: number) => `{ ${numbered(count, `${script}{id}`)} }`;
    await accepted(scripts(250));
    sandbox.reset();
    expect(await limitsMet(scripts(251))).toEqual(['OPERATION_TOO_EXPENSIVE 251/250']);
    const writes = (count: number) =>
      `mutation { ...F } fragment F on Mutation { ${numbered(count, 'deleteScript(input:{id:1}){__typename}')} }`;
    await accepted(writes(100));
    expect(sandbox.calls).toHaveLength(100);
    expect(await limitsMet(writes(251))).toEqual(['OPERATION_TOO_EXPENSIVE 251/250']);
  });

  it('of each operation of a document count by themselves', async () => {
    const operation = (name: string) => `query ${name} { ...F }`;
    const response = await gateway.fetch(
      'http://localhost/graphql',
      jsonPost(
        {
          query: `${operation('A')} ${operation('B')} fragment F on Query { ${script} { ${numbered(1_100)} } }`,
          operationName: 'B',
        },
        SPEC,
      ),
    );
    expect((await response.json()).data.script).toHaveProperty('a1099', seeded.scriptId);
  });

  it('that repeat one another are refused before anyone compares them', async () => {
    expect(await limitsMet(`{ ${times(1_050, () => 'script(id:1){id}')} }`)).toEqual([
      'OPERATION_TOO_LARGE 2100/2000',
    ]);
    expect(await limitsMet(`{ ${times(30_000, () => 'script(id:1){id}')} }`)).toEqual([
      'DOCUMENT_TOO_LARGE 510003/20000',
    ]);
  });

  it.each([
    ['in the root', `{ ${times(201, () => 'script(id:1){id}')} }`],
    ['in sets that are merged', `{ ${script} { ${times(201, () => 'project{id}')} } }`],
    [
      'on many levels',
      `{ ${script} { ${times(90, () => 'sessions(first:1){nodes{script{sessions(first:1){nodes{script{id}}}}}}')} } }`,
    ],
    [
      'in fragments',
      `{ ${script} { ${times(90, (i) => `...F${i}`)} } } ${times(90, (i) => `fragment F${i} on Script { a:id b:id c:id d:id e:id f:id }`)}`,
    ],
    [
      'in a fragment that is not used',
      `{ ${script} { id } } fragment F on Script { ${times(201, () => 'project{id}')} }`,
    ],
  ])('that would be compared too often are refused, %s', async (_where, document) => {
    expect(await codes(document)).toEqual(['OPERATION_TOO_LARGE']);
  });

  it('that are compared too often are refused, and the error says what to do', async () => {
    expect(await refused(`{ ${script} { ${times(1_990, () => 'name')} } }`)).toEqual([
      expect.toBeJustError('OPERATION_TOO_LARGE', {
        message:
          'The document repeats so many fields, fragments or variables that it cannot be checked. Give each field and each fragment once, or split the operation.',
        locations: undefined,
      }),
    ]);
    await accepted(`{ ${script} { ${times(200, () => 'name')} } }`);
    expect(await codes(`{ ${script} { ${times(201, () => 'name')} } }`)).toEqual(['OPERATION_TOO_LARGE']);
    await accepted(withFragments(100, '__typename id'));
  });
});

describe('nested fragment bombs', () => {
  const doubled = (levels: number) => `
    { ...F0 }
    ${times(levels, (i) => `fragment F${i} on Query { ...F${i + 1} ...F${i + 1} }`)}
    fragment F${levels} on Query { __typename }`;
  const branching = (levels: number) => `
    { ...F0 }
    ${times(levels, (i) => `fragment F${i} on Query { ...A${i} ...B${i} } fragment A${i} on Query { ...F${i + 1} } fragment B${i} on Query { ...F${i + 1} }`)}
    fragment F${levels} on Query { a: __typename }`;

  it('of 20 levels, each twice, are refused', async () => {
    expect(await limitsMet(doubled(20))).toEqual(['OPERATION_TOO_LARGE 1048576/2000']);
    expect(await limitsMet(branching(20))).toEqual(['OPERATION_TOO_LARGE 1048576/2000']);
  });

  it('of 200 levels, each twice, are refused', async () => {
    for (const document of [doubled(200), branching(100)]) {
      const [refusal] = await refused(document);
      expect(refusal?.message).toContain('over a billion');
      expect(refusal?.extensions).toMatchObject({ code: 'OPERATION_TOO_LARGE', found: 1e9, limit: 2_000 });
    }
  });

  it('that only nest are refused when they could exhaust a stack', async () => {
    const chain = (length: number) => `
      { ...F0 }
      ${times(length, (i) => `fragment F${i} on Query { ...{ ...{ ...{ ...{ ...F${i + 1} } } } } }`)}
      fragment F${length} on Query { __typename }`;
    await accepted(chain(80));
    const [refusal] = await refused(chain(99));
    expect(refusal?.extensions).toMatchObject({ code: 'TOO_DEEP', limit: 500 });
  });
});

describe('cyclic fragments', () => {
  it.each([
    ['used', '{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }'],
    ['unused', '{ __typename } fragment A on Query { ...B } fragment B on Query { ...A }'],
    ['of itself', '{ ...A } fragment A on Query { __typename ...A }'],
    ['twice each', '{ ...A } fragment A on Query { ...B ...B } fragment B on Query { ...A ...A }'],
  ])('are refused: %s', async (_title, document) => {
    expect(await codes(document)).toContain('GRAPHQL_VALIDATION_FAILED');
  });

  it('are refused where a field is between them', async () => {
    const spread = (last: string) =>
      `{ ${script} { ...A } } fragment A on Script { sessions(first: 1) { nodes { script { ${last} } } } }`;
    await accepted(spread('id'));
    const cyclic = spread('...A ...A');
    expect(await refused(cyclic)).toEqual([
      expect.toBeError('GRAPHQL_VALIDATION_FAILED', {
        message: 'A fragment spreads itself, or does so by another fragment. Remove one of the spreads.',
      }),
    ]);
  });

  it('of 200 that all spread one another are refused', async () => {
    const all = times(200, (i) => `...F${i}`);
    const document = `{ ...F0 } ${times(200, (i) => `fragment F${i} on Query { ${all} }`)}`;
    expect(await codes(document)).toEqual(['DOCUMENT_TOO_LARGE']);
    const some = times(45, (i) => `...F${i}`);
    const fewer = `{ ...F0 } ${times(45, (i) => `fragment F${i} on Query { ${some} }`)}`;
    expect((await refused(fewer)).length).toBeLessThanOrEqual(21);
  });
});

it.each([
  [times(10, (i) => `@d${i}`), 10, 'Unknown directive "@d0".'],
  [times(1_000, () => '@skip(if:true)'), 21, 'The directive "@skip" can only be used once at this location.'],
  ['@defer', 1, 'Unknown directive "@defer".'],
  ['@stream', 1, 'Unknown directive "@stream".'],
])('directives are refused: %s', async (directives, count, message) => {
  const errors = await refused(`{ ... ${directives} { __typename } }`);
  expect(errors).toHaveLength(count);
  expect(errors[0]).toBeError('GRAPHQL_VALIDATION_FAILED', { message });
});

describe('introspection', () => {
  const whole = getIntrospectionQuery({
    specifiedByUrl: true,
    directiveIsRepeatable: true,
    schemaDescription: true,
    inputValueDeprecation: true,
    oneOf: true,
  });

  it("works as every tool's query for it asks", async () => {
    expect(await accepted(whole)).toHaveProperty('__schema.types');
    expect(
      await accepted('{ _service { sdl } __type(name: "Script") { fields { name type { name } } } }'),
    ).toMatchObject({ __type: { fields: expect.any(Array) } });
  });

  it('is refused where its lists nest', async () => {
    const errors = await refused(
      '{ __schema { types { fields { type { fields { type { fields { name } } } } } } } }',
    );
    expect(errors[0]?.message).toBe('Maximum introspection depth exceeded');
  });

  it('may be deeper than other fields, as its lists do not nest', async () => {
    await accepted(`{ __type(name: "Script") { ${'ofType { '.repeat(50)} name ${'}'.repeat(52)}`);
  });

  it('can be asked for in thirteen copies, as its objects count', async () => {
    const schemas = (count: number) => `{ ${times(count, (i) => `a${i}: __schema { queryType { name } }`)} }`;
    await accepted(schemas(13));
    expect(await limitsMet(schemas(14))).toEqual(['ANSWER_TOO_LARGE 21000/20000']);
    const types = `{ __schema { ${times(400, (i) => `a${i}: types { name }`)} } }`;
    expect(await limitsMet(types)).toEqual(['ANSWER_TOO_LARGE 20001/20000']);
  });

  it('hides no depth of what does not introspect', async () => {
    expect(await codes(`{ __schema { queryType { name } } ${nested(11)} }`)).toEqual(['TOO_DEEP']);
  });
});

describe('validation answers with less than 64 kB', () => {
  it.each([
    ['1,000 errors', `{ ${script} { ${times(1_000, (i) => `f${i}`)} } }`],
    [
      'a long name in every error',
      `query ${'N'.repeat(15_000)} { scripts(ids: [${times(500, (i) => `$v${i}`)}]) { id } }`,
    ],
    [
      'many places where fragments meet',
      `{ ...F0 } ${times(100, (i) => `fragment F${i} on Query { ...F${(i + 1) % 100} }`)}`,
    ],
  ])('%s', async (_what, document) => {
    const errors = await refused(document);
    expect(errors.length).toBeLessThanOrEqual(21);
    for (const { locations = [] } of errors) expect(locations.length).toBeLessThanOrEqual(10);
    expect(JSON.stringify(errors).length).toBeLessThan(64_000);
  });
});

/** A gateway with the limits that these variables set. */
async function openWith(environment: Record<string, string>): Promise<TestGateway> {
  const { limits } = configOf(environment);
  return (await opened.open({ upstream: sandbox.url, limits })).gateway;
}

it('depth and price have a variable', async () => {
  const strict = await openWith({ MAX_DEPTH: '2', MAX_REST_CALLS: '1' });
  expect(await limitsMet('{ a { b { c } } }', strict)).toEqual(['TOO_DEEP 3/2']);
  expect(await limitsMet('{ scripts(ids: [1, 2]) { id } }', strict)).toEqual(['OPERATION_TOO_EXPENSIVE 2/1']);
  await accepted(`{ ${script} { name } }`, strict);
});

it('every limit with a variable can be taken away with 0', async () => {
  const open = await openWith(
    Object.fromEntries(
      ['DEPTH', 'REST_CALLS', 'ANSWER_OBJECTS', 'ANSWER_BYTES'].map((name) => [`MAX_${name}`, '0']),
    ),
  );
  await accepted(`{ ${nested(11)} }`, open);
  expect(await codes(`{ scripts(ids: ${'['.repeat(301)}`, open)).toEqual(['TOO_DEEP']);
  const { data } = await open.execute(`{ scripts(ids: [${times(300, (i) => `"${i}"`)}]) { id } }`);
  expect(data).toHaveProperty('scripts.length', 300);
});
