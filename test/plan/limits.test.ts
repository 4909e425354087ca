import { getIntrospectionQuery } from 'graphql';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { readConfig } from '../../src/config/config.ts';
import { seeded } from '../../src/features/sandbox/seed-data.ts';
import { type Sandbox, startSandbox } from '../../src/features/sandbox/server.ts';
import { useOpened } from '../support/gateways/fixture.ts';
import { openGateway, type ResultError, type TestGateway } from '../support/gateways/gateway.ts';

let sandbox: Sandbox;
/** As it comes. */
let gateway: TestGateway;
/** Without the limits that a document meets before its form is looked at. */
let patient: TestGateway;
const opened = useOpened();

beforeAll(async () => {
  sandbox = await startSandbox({ rate: 0 });
  gateway = await openGateway({ upstream: sandbox.url });
  patient = await openGateway({
    upstream: sandbox.url,
    limits: { documentLength: Number.POSITIVE_INFINITY, tokens: Number.POSITIVE_INFINITY },
  });
});
beforeEach(() => sandbox.reset());
afterAll(async () => {
  await Promise.all([gateway.close(), patient.close()]);
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

/** 10 tokens, and 9 for each fragment. */
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

  it('may have 2,000 tokens', async () => {
    await accepted(withFragments(221, 'id'));
    expect(await limitsMet(withFragments(221, 'id name'))).toEqual(['TOO_MANY_TOKENS 2001/2000']);
  });

  it('may have any number of commas and comments: they are no tokens', async () => {
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

  it.each([3_000, 20_000])('%i is refused, with and without a limit on length', async (depth) => {
    const document = `${'{a'.repeat(depth)}${'}'.repeat(depth)}`;
    expect(await codes(document)).toEqual([depth > 5_000 ? 'DOCUMENT_TOO_LARGE' : 'TOO_DEEP']);
    expect(await limitsMet(document, patient)).toEqual(['TOO_DEEP 301/300']);
  });

  it.each([
    ['a list literal', '[', ']'],
    ['an object literal', '{a:', '}'],
  ])('5,000 of %s is refused with 422', async (_title, open, close) => {
    const document = `{ script(id: ${open.repeat(5_000)}1${close.repeat(5_000)}) { id } }`;
    expect(await codes(document)).toEqual([open === '[' ? 'TOO_DEEP' : 'DOCUMENT_TOO_LARGE']);
    expect(await limitsMet(document, patient)).toEqual(['TOO_DEEP 301/300']);
  });

  it('5,000 of a type in a variable definition is refused', async () => {
    const document = `query ($a: ${'['.repeat(5_000)}ID${']'.repeat(5_000)}) { __typename }`;
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

  it('is no matter of the document that goes before', async () => {
    await accepted(`{ ${nested(10)} }`);
    expect(await limitsMet(`{ ${nested(11)} }`)).toEqual(await limitsMet(`{ ${nested(11)} }`));
    await accepted(`{ ${nested(10)} }`);
  });
});

describe('aliases', () => {
  const aliased = (count: number, field: string) => `{ ${times(count, (i) => `a${i}: ${field}`)} }`;

  it('101 of __typename and of script are refused', async () => {
    for (const field of ['__typename', `${script} { id }`]) {
      expect(await limitsMet(aliased(101, field))).toEqual([
        'TOO_MANY_ALIASES 101/60',
        'TOO_MANY_ROOT_FIELDS 101/50',
      ]);
    }
  });

  it('60 pass, 61 are refused', async () => {
    const inScript = (count: number) => `{ ${script} ${aliased(count, 'name')} }`;
    await accepted(inScript(60));
    expect(await limitsMet(inScript(61))).toEqual(['TOO_MANY_ALIASES 61/60']);
  });

  it('500 repeated fields are refused: a repetition counts like an alias', async () => {
    expect(await limitsMet(`{ ${script} { ${times(500, () => 'name')} } }`)).toEqual([
      'TOO_MANY_ALIASES 499/60',
    ]);
    expect(await codes(`{ ${times(500, () => '__typename')} }`)).toContain('TOO_MANY_ALIASES');
    expect(await codes(`{ ${script} { ${times(70, () => '... { name }')} } }`)).toEqual(['TOO_MANY_ALIASES']);
    await accepted(`{ ${script} { ${times(61, () => 'name')} } }`);
  });

  it('30,000 overlapping fields are refused before anyone compares them', async () => {
    const document = `{ ${times(30_000, () => 'script(id:1){id}')} }`;
    expect(await codes(document)).toEqual(['DOCUMENT_TOO_LARGE']);
    // Each but the first repeats it, with the field inside.
    expect(await limitsMet(document, patient)).toEqual([
      'TOO_MANY_ALIASES 59998/60',
      'TOO_MANY_ROOT_FIELDS 30000/50',
    ]);
  });

  it('in a fragment count wherever it is spread', async () => {
    const document = (spreads: number) => `
      { ${script} { ${times(spreads, (i) => `... @include(if: true) { ...A${i} }`)} } }
      ${times(spreads, (i) => `fragment A${i} on Script { project { ...P } }`)}
      fragment P on Project { ${times(10, (i) => `a${i}: id`)} }`;
    await accepted(document(6));
    expect(await limitsMet(document(7))).toEqual(['TOO_MANY_ALIASES 70/60']);
  });

  it('are not made by fragments that ask for the same', async () => {
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
    expect(await limitsMet(doubled(20))).toEqual([
      'TOO_MANY_ALIASES 1048575/60',
      'TOO_MANY_ROOT_FIELDS 1048576/50',
    ]);
    expect(await limitsMet(branching(20))).toEqual([
      'TOO_MANY_ALIASES 1048576/60',
      'TOO_MANY_ROOT_FIELDS 1048576/50',
    ]);
  });

  it('of 200 levels, each twice, are refused', async () => {
    expect(await codes(doubled(200))).toEqual(['TOO_MANY_TOKENS']);
    expect(await codes(doubled(200), patient)).toEqual(['TOO_MANY_ALIASES', 'TOO_MANY_ROOT_FIELDS']);
    const [refusal] = await refused(branching(100), patient);
    expect(refusal?.message).toContain('over a billion');
    expect(refusal?.extensions).toMatchObject({ code: 'TOO_MANY_ALIASES', found: 1e9, limit: 60 });
  });

  it('that only nest are refused when they could exhaust a stack', async () => {
    const chain = (length: number) => `
      { ...F0 }
      ${times(length, (i) => `fragment F${i} on Query { ...F${i + 1} }`)}
      fragment F${length} on Query { __typename }`;
    await accepted(chain(240), patient);
    expect(await codes(chain(20_000), patient)).toEqual(['TOO_DEEP']);
  });
});

describe('cyclic fragments', () => {
  it.each([
    ['used', '{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }'],
    ['unused', '{ __typename } fragment A on Query { ...B } fragment B on Query { ...A }'],
    ['of itself', '{ ...A } fragment A on Query { __typename ...A }'],
    [
      'through a field',
      `{ ...A } fragment A on Query { ${script} { ...B } } fragment B on Script { id ...B }`,
    ],
    ['twice each', '{ ...A } fragment A on Query { ...B ...B } fragment B on Query { ...A ...A }'],
  ])('are refused: %s', async (_title, document) => {
    expect(await codes(document)).toContain('GRAPHQL_VALIDATION_FAILED');
  });

  it('of 200 that all spread one another are refused', async () => {
    const all = times(200, (i) => `...F${i}`);
    const document = `{ ...F0 } ${times(200, (i) => `fragment F${i} on Query { ${all} }`)}`;
    expect(await codes(document)).toEqual(['DOCUMENT_TOO_LARGE']);
    expect((await refused(document, patient)).length).toBeLessThanOrEqual(21);
  });
});

describe('directives', () => {
  it('10 unknown ones are named', async () => {
    const errors = await refused(`{ __typename ${times(10, (i) => `@d${i}`)} }`);
    expect(errors.map(({ message }) => message)).toEqual(
      Array.from({ length: 10 }, (_, i) => `Unknown directive "@d${i}".`),
    );
  });

  it('1,000 known ones are refused', async () => {
    const document = `{ __typename ${times(1_000, () => '@skip(if:true)')} }`;
    expect(await codes(document)).toEqual(['TOO_MANY_TOKENS']);
    expect(await limitsMet(document, patient)).toEqual(['TOO_MANY_DIRECTIVES 1000/20']);
  });

  it('20 pass, 21 are refused, those of a fragment counted wherever it is spread', async () => {
    const document = (more: string) => `
      { ${times(4, (i) => `s${i}: ${script} { ...F }`)} ${more} }
      fragment F on Script {
        id @skip(if: true) name @skip(if: true) enabled @skip(if: true) project @skip(if: true) { id } totalSessions
        @include(if: true)
      }`;
    await accepted(document(''));
    expect(await limitsMet(document('__typename @skip(if: true)'))).toEqual(['TOO_MANY_DIRECTIVES 21/20']);
  });

  it('on operations, variables and fragment definitions count', async () => {
    const document = `query ($a: Int ${times(11, (i) => `@a${i}`)}) ${times(10, (i) => `@b${i}`)} { __typename }`;
    expect(await limitsMet(document)).toEqual(['TOO_MANY_DIRECTIVES 21/20']);
  });

  it.each(['@defer', '@stream'])('%s is unsupported', async (directive) => {
    const errors = await refused(`{ scripts(ids: ["${seeded.scriptId}"]) { ... ${directive} { id } } }`);
    expect(errors[0]).toBeError('GRAPHQL_VALIDATION_FAILED', {
      message: `Unknown directive "${directive}".`,
    });
  });
});

describe('root fields', () => {
  it('50 of a query pass, 51 are refused', async () => {
    const document = (count: number) => `{ ${times(count, (i) => `a${i}: __typename`)} }`;
    await accepted(document(50));
    expect(await limitsMet(document(51))).toEqual(['TOO_MANY_ROOT_FIELDS 51/50']);
  });

  it('25 of a mutation pass, 26 and 50 are refused', async () => {
    const document = (count: number) =>
      `mutation { ${times(count, (i) => `a${i}: toggleScript(input: { id: "${seeded.scriptId}", enabled: true }) { __typename }`)} }`;
    await accepted(document(25));
    expect(sandbox.calls).toHaveLength(25);
    expect(await limitsMet(document(26))).toEqual(['TOO_MANY_ROOT_FIELDS 26/25']);
    expect(await limitsMet(document(50))).toEqual(['TOO_MANY_ROOT_FIELDS 50/25']);
  });

  it('are found in fragments', async () => {
    const document = `{ ...F ... { ...G } }
      fragment F on Query { ${times(30, (i) => `a${i}: __typename`)} }
      fragment G on Query { ${times(30, (i) => `b${i}: __typename`)} }`;
    expect(await limitsMet(document)).toEqual(['TOO_MANY_ROOT_FIELDS 60/50']);
  });

  it('of each operation of a document count by themselves', async () => {
    const operation = (name: string) => `query ${name} { ${times(30, (i) => `a${i}: __typename`)} }`;
    const response = await gateway.fetch('http://localhost/graphql', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query: operation('A') + operation('B'), operationName: 'B' }),
    });
    expect(Object.keys((await response.json()).data)).toHaveLength(30);
  });
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

  it('has a depth of its own, and an end', async () => {
    const document = (depth: number) =>
      `{ __type(name: "Script") { ${'ofType { '.repeat(depth - 2)} name ${'}'.repeat(depth)}`;
    await accepted(document(20));
    expect(await limitsMet(document(21))).toEqual(['TOO_DEEP 21/20']);
  });

  it('can be asked for in ten copies at most, however they are written', async () => {
    const schemas = (count: number) => `{ ${times(count, (i) => `a${i}: __schema { queryType { name } }`)} }`;
    const types = (count: number) => `{ __schema { ${times(count, (i) => `a${i}: types { name }`)} } }`;
    await accepted(schemas(10));
    await accepted(types(10));
    expect(await limitsMet(schemas(11))).toEqual(['TOO_MANY_ALIASES 11/10']);
    expect(await limitsMet(types(11))).toEqual(['TOO_MANY_ALIASES 11/10']);
    expect(
      await limitsMet(
        '{ a: __schema { ...S } b: __schema { ...S } } fragment S on __Schema { a: types { ...T } b: types { ...T } } fragment T on __Type { a: name b: name }',
      ),
    ).toEqual(['TOO_MANY_ALIASES 14/10']);
  });

  it('hides no depth of what does not introspect', async () => {
    expect(await codes(`{ __schema { queryType { name } } ${nested(11)} }`)).toEqual(['TOO_DEEP']);
  });
});

describe('validation', () => {
  it('answers 1,000 errors in one document with less than 64 kB', async () => {
    const errors = await refused(`{ ${script} { ${times(1_000, (i) => `f${i}`)} } }`);
    expect(errors).toHaveLength(21);
    expect(errors.at(-1)).toBeError('GRAPHQL_VALIDATION_FAILED', {
      message: 'Too many validation errors, error limit reached. Validation aborted.',
    });
    expect(JSON.stringify(errors).length).toBeLessThan(64_000);
  });

  it('does not repeat a long name in every error', async () => {
    const variables = times(500, (i) => `$v${i}`);
    const errors = await refused(`query ${'N'.repeat(15_000)} { scripts(ids: [${variables}]) { id } }`);
    expect(errors.length).toBeGreaterThan(10);
    expect(JSON.stringify(errors).length).toBeLessThan(64_000);
  });

  it('does not list every place where fragments meet', async () => {
    const document = `{ ...F0 } ${times(100, (i) => `fragment F${i} on Query { ...F${(i + 1) % 100} }`)}`;
    const errors = await refused(document);
    expect(errors[0]?.locations?.length).toBeLessThanOrEqual(10);
    expect(JSON.stringify(errors).length).toBeLessThan(64_000);
  });
});

it('an operation that fragments multiply beyond any price is refused, where nothing else limits it', async () => {
  const unlimited = await openWith({ MAX_ALIASES: '0', MAX_DEPTH: '0' });
  const levels = times(
    9,
    (i) =>
      `fragment F${i} on Script { project { ${times(4, (alias) => `a${alias}: scripts { ...F${i + 1} }`)} } }`,
  );
  const document = `{ ${script} { ...F0 } } ${levels} fragment F9 on Script { id }`;
  expect(await refused(document, unlimited)).toEqual([
    expect.toBeJustError('OPERATION_TOO_EXPENSIVE', {
      message:
        'The operation may need over a billion REST calls; at most 250 are allowed. Ask for smaller pages or fewer items, or split the operation.',
      found: 1e9,
      limit: 250,
      endpoints: [],
      locations: undefined,
    }),
  ]);
});

it('a list of operations is refused', async () => {
  const operation = { query: `{ ${script} { id } }` };
  const response = await fetch(`${gateway.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...SPEC },
    body: JSON.stringify([operation, operation]),
  });
  expect(response.status).toBe(422);
  expect((await response.json()).errors[0].message).toContain('Batching is not supported');
  expect(sandbox.calls).toEqual([]);
});

it('a refusal is 200 for a client that accepts application/json alone, as any validation error is', async () => {
  const { status, errors } = await gateway.execute(`{ ${nested(11)} }`);
  expect(status).toBe(200);
  expect(errors).toEqual([
    expect.toBeJustError('TOO_DEEP', {
      message:
        'The document has 11 fields inside one another; at most 10 are allowed. Ask for the deeper fields in another operation.',
      found: 11,
      limit: 10,
      locations: undefined,
    }),
  ]);
});

/** A gateway with the limits that these variables set. */
async function openWith(environment: Record<string, string>): Promise<TestGateway> {
  const result = readConfig(environment);
  if ('problems' in result) throw new Error(result.problems.join('\n'));
  return (await opened.open({ upstream: sandbox.url, limits: result.config.limits })).gateway;
}

it('every limit has a variable', async () => {
  const strict = await openWith({
    MAX_DOCUMENT_LENGTH: '100',
    MAX_TOKENS: '30',
    MAX_DEPTH: '2',
    MAX_ALIASES: '2',
    MAX_DIRECTIVES: '1',
    MAX_QUERY_FIELDS: '3',
    MAX_MUTATION_FIELDS: '1',
    MAX_REST_CALLS: '1',
  });
  expect(await limitsMet(`{ __typename } #${'x'.repeat(100)}`, strict)).toEqual([
    'DOCUMENT_TOO_LARGE 116/100',
  ]);
  expect(await limitsMet(`{ ${times(40, () => 'a')} }`, strict)).toEqual(['TOO_MANY_TOKENS 31/30']);
  expect(await limitsMet('{ a { b { c } } }', strict)).toEqual(['TOO_DEEP 3/2']);
  expect(await limitsMet('{ a: a b: a c: a }', strict)).toEqual(['TOO_MANY_ALIASES 3/2']);
  expect(await limitsMet('{ a @b @c }', strict)).toEqual(['TOO_MANY_DIRECTIVES 2/1']);
  expect(await limitsMet('{ a b c d }', strict)).toEqual(['TOO_MANY_ROOT_FIELDS 4/3']);
  expect(await limitsMet('mutation { a b }', strict)).toEqual(['TOO_MANY_ROOT_FIELDS 2/1']);
  expect(await limitsMet('{ scripts(ids: [1, 2]) { id } }', strict)).toEqual(['OPERATION_TOO_EXPENSIVE 2/1']);
  await accepted(`{ ${script} { name } }`, strict);
});

it('every limit can be taken away with 0', async () => {
  const names = [
    'DOCUMENT_LENGTH',
    'TOKENS',
    'DEPTH',
    'ALIASES',
    'DIRECTIVES',
    'QUERY_FIELDS',
    'MUTATION_FIELDS',
  ];
  const open = await openWith(
    Object.fromEntries(
      [...names, 'REST_CALLS', 'ANSWER_OBJECTS', 'ANSWER_BYTES'].map((name) => [`MAX_${name}`, '0']),
    ),
  );
  await accepted(`{ ${times(100, (i) => `a${i}: __typename`)} } #${'x'.repeat(20_000)}`, open);
  await accepted(`{ ${nested(11)} }`, open);
  await accepted(`{ ${times(30, (i) => `a${i}: __typename @skip(if: false)`)} }`, open);
  await accepted(
    `mutation { ${times(26, (i) => `a${i}: toggleScript(input: { id: "${seeded.scriptId}", enabled: true }) { __typename }`)} }`,
    open,
  );
  const { data } = await open.execute(`{ scripts(ids: [${times(300, (i) => `"${i}"`)}]) { id } }`);
  expect(data).toHaveProperty('scripts.length', 300);
  expect(await codes(`{ scripts(ids: ${'['.repeat(301)}`, open)).toEqual(['TOO_DEEP']);
});
