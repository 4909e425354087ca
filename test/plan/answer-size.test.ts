import { getIntrospectionQuery } from 'graphql';
import { describe, expect, it } from 'vitest';
import { seeded } from '../../src/features/sandbox/seed-data.ts';
import { answerPlainly, scriptIdOf, wireScript, wireUser } from '../support/api/plain-api.ts';
import { json } from '../support/api/recorder.ts';
import { configOf } from '../support/gateways/configured.ts';
import { useRecorder, useSandbox } from '../support/gateways/fixture.ts';
import { openGateway } from '../support/gateways/gateway.ts';

const fixture = useSandbox({ shared: true });

type Variables = Record<string, unknown>;

const SPEC = { token: 'sandbox-key', accept: 'application/graphql-response+json' };
const SCRIPT = `script(id: "${seeded.scriptId}")`;
const times = (count: number, write: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => write(index)).join(' ');

/** The errors of an operation that is refused before anything runs. */
async function refused(document: string, variables: Variables = {}, by = fixture.gateway) {
  const { status, errors = [], ...rest } = await by.execute<unknown, Variables>(document, variables, SPEC);
  expect({ status, data: rest.data }).toEqual({ status: 422, data: undefined });
  expect(fixture.sandbox.calls).toEqual([]);
  expect((await fetch(`${by.url}/health`)).status).toBe(200);
  return errors.map(({ extensions: { code, found, limit } }) => `${code} ${found}/${limit}`);
}

/** The objects that an answer may hold, by the gateway's own word. */
async function objectsIn(document: string, variables: Variables = {}): Promise<number> {
  const { extensions } = await fixture.gateway.execute<unknown, Variables>(document, variables, {
    ...SPEC,
    'x-upstream': 'plan',
  });
  const { upstream } = extensions as { upstream: { objects: number } };
  return upstream.objects;
}

function countObjects(value: unknown): number {
  if (Array.isArray(value)) return value.reduce((sum, item) => sum + countObjects(item), 0);
  if (typeof value !== 'object' || value === null) return 0;
  return 1 + Object.values(value).reduce((sum: number, member) => sum + countObjects(member), 0);
}

describe('the objects of an answer', () => {
  it.each([
    ['{ __typename }', 0],
    ['{ script(id: 1) { id } }', 1],
    ['{ script(id: 1) { project { id } } }', 2],
    ['{ scripts(ids: [1, 2, 3]) { id project { id } } }', 6],
    ['{ script(id: 1) { sessions { nodes { id } } } }', 1 + 1 + 50],
    ['{ script(id: 1) { sessions(first: 7) { edges { cursor } pageInfo { endCursor } } } }', 1 + 1 + 7 + 1],
    ['{ script(id: 1) { sessions(first: 7) { edges { node { script { id } } } } } }', 1 + 1 + 7 * 3],
    ['mutation { deleteScript(input: { id: 1 }) { ... on DeleteScriptSuccess { deletedScriptId } } }', 1],
    [
      '{ a: script(id: 1) { id } b: script(id: 1) { ...F ...F } } fragment F on Script { x: project { id } }',
      3,
    ],
  ])('%s may be %i', async (document, objects) => {
    expect(await objectsIn(document)).toBe(objects);
  });

  it('have a fixed price in introspection, at which the whole schema and every usual type fit', async () => {
    const whole = getIntrospectionQuery({
      descriptions: true,
      directiveIsRepeatable: true,
      inputValueDeprecation: true,
    });
    const fields = 'fields(includeDeprecated: true) { args { defaultValue type { kind } } }';
    for (const [document, price] of [
      [whole, 1_500],
      ['{ __schema { types { name fields { type { ofType { name } } } possibleTypes { name } } } }', 1_500],
      [`{ __type(name: "Script") { ${fields} } }`, 100],
      ['{ __type(name: "Nobody") { name } }', 100],
    ] as const) {
      const { data } = await fixture.gateway.execute(document, {}, SPEC);
      expect(await objectsIn(document)).toBe(price);
      expect(countObjects(data) - 1).toBeLessThanOrEqual(price);
    }
  });

  it('of introspection under many names are counted as they are made', async () => {
    const types = 'types { fields { args { type { name } } type { ofType { name } } } }';
    const document = `{ __schema { ${times(10, (i) => `a${i}: ${types}`)} } }`;
    expect((await fixture.gateway.execute(document, {}, SPEC)).errors).toBeUndefined();
    const other = await openGateway({ upstream: fixture.sandbox.url, limits: { answerObjects: 2_000 } });
    expect(await refused(document, {}, other)).toEqual(['ANSWER_TOO_LARGE 2001/2000']);
    await other.close();
  });

  it('may be 20,000, and a query for every introspection tool fits many times', async () => {
    expect(await objectsIn(getIntrospectionQuery())).toBeLessThan(10_000);
    const nested = (first: number) =>
      `{ ${SCRIPT} { sessions(first: 100) { nodes { script { sessions(first: ${first}) { nodes { id } } } } } } }`;
    expect(await objectsIn(nested(97))).toBe(1 + 1 + 100 + 100 + 100 + 9_700);
    expect(await objectsIn(nested(100))).toBeLessThan(20_000);
  });

  it.each<[string, string, Variables, string]>([
    [
      'a list that stands in lists under many names',
      `{ ${SCRIPT} { sessions { nodes { script { sessions { ${times(55, (i) => `n${i}: edges { cursor }`)} } } } } } }`,
      {},
      'ANSWER_TOO_LARGE 137652/20000',
    ],
    [
      'references that name no type',
      'query ($all: [_Any!]!) { _entities(representations: $all) { __typename } }',
      { all: Array(20_001).fill({}) },
      'ANSWER_TOO_LARGE 20001/20000',
    ],
    [
      'references that are no objects',
      'query ($all: [_Any!]!) { _entities(representations: $all) { __typename } }',
      { all: Array(99_990).fill(0) },
      'ANSWER_TOO_LARGE 99990/20000',
    ],
    [
      'references to a type that costs nothing',
      'query ($all: [_Any!]!) { a: _entities(representations: $all) { __typename } b: _entities(representations: $all) { __typename } }',
      { all: Array(10_001).fill({ __typename: 'PageInfo' }) },
      'ANSWER_TOO_LARGE 20002/20000',
    ],
  ])('are bounded before anything runs: %s', async (_title, document, variables, expected) => {
    expect(await refused(document, variables)).toEqual([expected]);
  });

  it('have a variable, and 0 takes the limit away', async () => {
    for (const [MAX_ANSWER_OBJECTS, objectsLimit] of [
      ['9', 9],
      ['0', null],
    ] as const) {
      const { limits } = configOf({ MAX_ANSWER_OBJECTS });
      const other = await openGateway({ upstream: fixture.sandbox.url, limits });
      const document = `{ scripts(ids: [${times(10, (i) => `"${i}"`)}]) { id } }`;
      if (objectsLimit === 9) {
        expect(await refused(document, {}, other)).toEqual(['ANSWER_TOO_LARGE 10/9']);
      } else {
        expect((await other.execute(document)).data).toHaveProperty('scripts.length', 10);
      }
      const { extensions } = await other.execute(document, {}, { ...SPEC, 'x-upstream': 'plan' });
      expect(extensions?.upstream).toMatchObject({ objects: 10, objectsLimit });
      await other.close();
    }
  });
});

describe('an answer while it is made', () => {
  const fixture = useRecorder();

  const answerWithName = (name: string) => {
    fixture.respond = (recorded, response) =>
      json(response, { success: true, script: wireScript(scriptIdOf(recorded), { name }) });
  };
  /** Asks for the name of each script 50 times. */
  const namesOf = (scripts: number) =>
    `{ scripts(ids: [${times(scripts, (i) => `"${i}"`)}]) { ${times(50, (i) => `n${i}: name`)} } }`;

  it('is refused as soon as the API lists more than is allowed', async () => {
    const executions = Object.fromEntries(Array.from({ length: 25_000 }, (_, day) => [`day ${day}`, day]));
    fixture.respond = (_recorded, response) =>
      json(response, { success: true, executions, script: wireScript('a') });
    for (const fields of ['executions { date }', 'executions { date } name @skip(if: $no)']) {
      const document = `query ($no: Boolean = false) { __typename @include(if: $no) script(id: "a") { ${fields} } }`;
      const { status, data, errors } = await fixture.gateway.execute(document, {}, SPEC);
      expect({ status, data }).toEqual({ status: 422, data: undefined });
      expect(errors?.[0]?.extensions).toEqual({ code: 'ANSWER_TOO_LARGE', found: 20_001, limit: 20_000 });
    }
  });

  it('is refused once, however many of its items fail', async () => {
    const ids = Array<string>(10_000).fill('not-mine');
    const { captureStackTrace } = Error;
    let errorsMade = 0;
    Error.captureStackTrace = (...args) => {
      errorsMade += 1;
      captureStackTrace(...args);
    };
    const answer = fixture.gateway.execute('query ($ids: [ID!]!) { scripts(ids: $ids) { name } }', { ids });
    const { errors } = await answer.finally(() => Object.assign(Error, { captureStackTrace }));
    expect(errors).toEqual([expect.toBeError('ANSWER_TOO_LARGE', { limit: 20_000 })]);
    // The errors of the items that were counted have the stack of their cause.
    expect(errorsMade).toBeLessThan(100);
  });

  it('is refused as soon as it has more bytes than are allowed, however often a text is named', async () => {
    const name = 'n'.repeat(4_000);
    answerWithName(name);
    const fits = await fixture.gateway.execute(namesOf(83));
    expect(fits.data).toHaveProperty('scripts.82.n49', name);
    const { status, data, errors } = await fixture.gateway.execute(namesOf(84), {}, SPEC);
    expect({ status, data }).toEqual({ status: 422, data: undefined });
    expect(errors?.[0]?.extensions).toMatchObject({ code: 'ANSWER_TOO_LARGE', limit: 16 * 1024 * 1024 });
  });

  it('may hold as many objects as its price may be', async () => {
    fixture.respond = answerPlainly;
    const limits = { answerObjects: 10 };
    const other = await openGateway({ upstream: fixture.recorder.url, limits });
    const scripts = (count: number) => `{ scripts(ids: [${times(count, (i) => `"${i}"`)}]) { name } }`;
    const writes = (count: number) =>
      `mutation { ${times(count, (i) => `w${i}: deleteScript(input: { id: "${i}" }) { __typename }`)} }`;
    for (const write of [scripts, writes]) {
      expect(await other.execute(write(10))).toMatchObject({ status: 200, data: expect.any(Object) });
      const { errors } = await other.execute(write(11));
      expect(errors).toEqual([expect.toBeError('ANSWER_TOO_LARGE', { found: 11, limit: 10 })]);
    }
    expect(fixture.recorder.lines()).toHaveLength(20);
    await other.close();
  });

  it('is counted in bytes of UTF-8, of which a character may take three', async () => {
    answerWithName('€'.repeat(4_000));
    expect((await fixture.gateway.execute(namesOf(27))).data).toHaveProperty('scripts.26.n49');
    const { status, errors } = await fixture.gateway.execute(namesOf(28), {}, SPEC);
    expect({ status, errors }).toMatchObject({
      status: 422,
      errors: [expect.toBeError('ANSWER_TOO_LARGE', { limit: 16 * 1024 * 1024 })],
    });
  });

  it.each([
    ['quotes', '"', 2],
    ['backslashes', '\\', 2],
    ['line breaks', '\n', 2],
    ['control characters', '\u0001', 6],
    ['halves of a character', '\ud800', 6],
    ['letters of two bytes', 'é', 2],
    ['characters of four bytes', '😀', 4],
  ])('is counted as it is sent, in which short texts of %s are longer', async (_what, character, bytes) => {
    const limits = { answerBytes: 50 * 100 * bytes };
    const other = await openGateway({ upstream: fixture.recorder.url, limits });
    answerWithName(character.repeat(100));
    // Each name counts 18 bytes more with its key.
    const names = (count: number) => `{ script(id: "a") { ${times(count, (i) => `n${i}: name`)} } }`;
    expect((await other.execute(names(35))).errors).toBeUndefined();
    expect((await other.execute(names(50))).errors).toEqual([expect.toBeError('ANSWER_TOO_LARGE', {})]);
    await other.close();
  });

  const LIMIT = 100_000;
  /** An operation whose fields or items take much more memory than their texts have bytes, and what the API answers. */
  const HEAVY: readonly [string, string, Record<string, unknown>][] = [
    [
      'fields that are null',
      `{ users(keys: [${'"k" '.repeat(100)}]) { ${times(100, (i) => `n${i}: note`)} } }`,
      {},
    ],
    [
      'empty texts',
      `{ scripts(ids: [${'"a" '.repeat(100)}]) { ${times(100, (i) => `n${i}: name`)} } }`,
      { script: wireScript('a', { name: '' }) },
    ],
    [
      'JSON',
      `mutation { messageSession(input: { id: "s", handler: "h" }) { ... on MessageDelivered { ${times(30, (i) => `r${i}: response`)} } } }`,
      { processed: true, response: { text: 'x'.repeat(10_000) } },
    ],
  ];

  it.each(HEAVY)('is refused while it is made, if it is of %s', async (_what, document, answer) => {
    fixture.respond = (_recorded, response) =>
      json(response, { success: true, user: wireUser('k'), ...answer });
    const other = await openGateway({ upstream: fixture.recorder.url, limits: { answerBytes: LIMIT } });
    const { errors } = await other.execute(document);
    expect(errors).toEqual([expect.toBeError('ANSWER_TOO_LARGE', { limit: LIMIT })]);
    // It was not made any further.
    expect(errors?.[0]?.extensions.found).toBeLessThan(1.2 * LIMIT);
    await other.close();
  });

  it('is refused while errors are added to it that quote a refusal with many fields', async () => {
    const failed = Array.from({ length: 45_000 }, () => ({ field: '', errors: [] }));
    fixture.respond = (_recorded, response) =>
      json(response, { success: false, error: { code: 400, message: 'invalid fields', failed } });
    const other = await openGateway({ upstream: fixture.recorder.url, limits: { answerBytes: LIMIT } });
    const document = (count: number) => `{ ${times(count, (i) => `s${i}: script(id: "a") { name }`)} }`;
    const { errors: [shown] = [] } = await other.execute(document(1));
    expect(JSON.stringify(shown).length).toBeLessThan(10_000);
    const { errors } = await other.execute(document(249));
    expect(errors).toEqual([expect.toBeError('ANSWER_TOO_LARGE', { limit: LIMIT })]);
    await other.close();
  });

  it('is counted in every variant of an operation', async () => {
    const conditions = times(5, (i) => `$c${i}: Boolean!`);
    const document = `query (${conditions}) { script(id: "a") { executions { date ${times(5, (i) => `d${i}: date @include(if: $c${i})`)} } } }`;
    const executions = Object.fromEntries(Array.from({ length: 21_000 }, (_, day) => [`day ${day}`, day]));
    fixture.respond = (_recorded, response) =>
      json(response, { success: true, executions, script: wireScript('a') });
    for (const variant of [0, 1, 31]) {
      const variables = Object.fromEntries([0, 1, 2, 3, 4].map((i) => [`c${i}`, (variant & (1 << i)) !== 0]));
      const { errors } = await fixture.gateway.execute<unknown, Variables>(document, variables, SPEC);
      expect(errors?.[0]?.extensions.code).toBe('ANSWER_TOO_LARGE');
    }
  });
});

describe('an alias', () => {
  it('may have 100 characters, wherever it stands', async () => {
    const alias = 'a'.repeat(100);
    const { data } = await fixture.gateway.execute(`{ ${alias}: __typename }`, {}, SPEC);
    expect(data).toEqual({ [alias]: 'Query' });
    for (const document of [
      `{ ${alias}b: __typename }`,
      `{ ${SCRIPT} { ...F } } fragment F on Script { ${alias}b: id }`,
      `{ a ${alias}b: a ${alias}b: a }`,
    ]) {
      expect(await refused(document)).toContain('ALIAS_TOO_LONG 101/100');
    }
  });

  it('of 17,500 letters does not multiply with the references of an entity query', async () => {
    const document = `query ($all: [_Any!]!) { ${'x'.repeat(17_500)}: _entities(representations: $all) { __typename } }`;
    expect(await refused(document, { all: Array(20_000).fill({}) })).toEqual(['ALIAS_TOO_LONG 17500/100']);
  });
});

describe('an answer without an accepted key', () => {
  const fixture = useSandbox();
  /** The descriptions of all types, so many times. */
  const introspect = (count: number) =>
    `{ __schema { types { ${times(count, (index) => `d${index}: description`)} } } }`;
  const WITHOUT = { accept: SPEC.accept };
  const WITH = { ...WITHOUT, token: 'sandbox-key' };

  it('may hold the schema, but not many times: no call proves the key', async () => {
    expect((await fixture.gateway.execute(introspect(1), {}, WITHOUT)).errors).toBeUndefined();
    const often = await fixture.gateway.execute(introspect(200), {}, WITHOUT);
    expect(often.errors).toMatchObject([{ extensions: { code: 'ANSWER_TOO_LARGE', limit: 1024 * 1024 } }]);
    await fixture.gateway.execute('{ adSystems { id } }', {}, WITH);
    expect((await fixture.gateway.execute(introspect(200), {}, WITH)).errors).toBeUndefined();
  });
});
