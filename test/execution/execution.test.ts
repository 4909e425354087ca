import {
  buildSchema,
  type ExecutionArgs,
  type ExecutionResult,
  type GraphQLFieldConfig,
  GraphQLObjectType,
  type GraphQLResolveInfo,
  GraphQLSchema,
  GraphQLString,
  getIntrospectionQuery,
  getOperationAST,
  getVariableValues,
  execute as graphqlExecute,
  type OperationDefinitionNode,
  parse,
  responsePathAsArray,
  validate,
} from 'graphql';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { maskErrors } from '../../src/errors/masking.ts';
import { execute } from '../../src/execution/execute.ts';
import { PreparedOperation } from '../../src/plan/prepared-operation.ts';
import { everyType } from '../support/random/every-type.ts';
import { nothingMore } from '../support/random/outcome.ts';

const schema = buildSchema(`
  type Query {
    node: Node
    nodeN: Node!
    nodes: [Node]
    must: [Int!]
    add(a: Int! = 1, b: Int, input: Input): String
    text: String
    textN: String!
    then: String
  }
  type Mutation { node: Node nodeN: Node! text: String }
  type Subscription { node: Node }
  type Node { node: Node nodeN: Node! text: String textN: String! list: [Int] }
  input Input { a: Int = 2, list: [Int!] }
`);

const resolveAll = (_source: unknown, args: object) => `${JSON.stringify(args)} of ${Object.keys(args)}`;
const fieldsOf = (name: string) => (schema.getType(name) as GraphQLObjectType).getFields();
const add = fieldsOf('Query').add;
if (add) add.resolve = resolveAll;

let rejections: unknown[] = [];
const note = (reason: unknown) => rejections.push(reason);
const others = process.listeners('unhandledRejection');
beforeEach(() => {
  // graphql-js leaves some, which is part of what is compared.
  rejections = [];
  process.removeAllListeners('unhandledRejection').on('unhandledRejection', note);
});
afterEach(() => {
  process.off('unhandledRejection', note);
  for (const listener of others) process.on('unhandledRejection', listener);
});

function prepare(text: string, on: GraphQLSchema = schema): PreparedOperation {
  const document = parse(text);
  expect(validate(on, document)).toEqual([]);
  const operation = getOperationAST(document);
  if (!operation) throw new TypeError('one operation is to be given');
  return new PreparedOperation(on, document, operation);
}

/** The variables as resolvers see them. */
function coercedFor(
  { operation, schema: on }: PreparedOperation,
  { variableValues }: Partial<ExecutionArgs>,
) {
  const { coerced } = getVariableValues(on, operation.variableDefinitions ?? [], variableValues ?? {});
  if (!coerced) throw new TypeError('variables that fit are to be given');
  return coerced;
}

type Log = string[];
/** Microtask turns until a promise settles. */
async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await undefined;
}
async function later<Value>(count: number, give: () => Value): Promise<Value> {
  await turns(count);
  return give();
}
function fail(message: string): never {
  throw new Error(message);
}

/** The same from both, three times: what is answered, and what is called in which order. */
async function expectSame(text: string, rootFor: (log: Log) => unknown, given: Partial<ExecutionArgs> = {}) {
  const prepared = prepare(text);
  const { document } = prepared;
  const one = async (how: (args: ExecutionArgs) => ExecutionResult | Promise<ExecutionResult>) => {
    const log: Log = [];
    const executed = how({ schema, document, ...given, rootValue: rootFor(log) });
    const isSync = !(executed instanceof Promise);
    const result = await executed;
    const json = JSON.stringify(result);
    await nothingMore();
    return { result, seen: { json, isSync, log } };
  };
  const expected = await one(graphqlExecute);
  rejections = [];
  let last = expected;
  for (let round = 0; round < 3; round += 1) {
    last = await one((args) => execute({ ...args, prepared, coerced: coercedFor(prepared, args) }));
    expect(last.seen).toEqual(expected.seen);
    expect(rejections).toEqual([]);
  }
  return last.result;
}

it('an event of a subscription is executed as a query is', async () => {
  const result = await expectSame('subscription { node { text list nodeN { textN } } }', () => ({
    node: { text: later(2, () => 't'), list: () => fail('broken'), nodeN: { textN: 'n' } },
  }));
  expect(result).toMatchObject({
    data: { node: { text: 't', list: null, nodeN: { textN: 'n' } } },
    errors: [{ message: 'broken', path: ['node', 'list'] }],
  });
});

describe('the order of things', () => {
  it('keeps the keys of the selection, whichever promise settles first', async () => {
    const result = await expectSame('{ node { textN text node { text } list } text }', () => ({
      node: () => ({
        textN: later(9, () => 'n'),
        text: later(2, () => 't'),
        node: later(5, () => ({ text: 'below' })),
        list: later(1, () => [1]),
      }),
      text: 'first',
    }));
    expect(JSON.stringify(result)).toBe(
      '{"data":{"node":{"textN":"n","text":"t","node":{"text":"below"},"list":[1]},"text":"first"}}',
    );
  });

  it.each(['{ __proto__: text }', '{ node { text __proto__: text } }'])(
    'holds for a key that prototypes have: %s',
    async (text) => {
      const result = await expectSame(text, () => ({ text: 'x', node: { text: 'z' } }));
      expect(JSON.stringify(result)).toContain('"__proto__":');
    },
  );

  it('gives a result at once where nothing is promised', () => {
    const prepared = prepare('{ node { text } text }');
    const { document } = prepared;
    expect(execute({ schema, document, prepared, coerced: {}, rootValue: { node: { text: 'a' } } })).toEqual({
      data: { node: { text: 'a' }, text: null },
    });
  });

  it('begins a field of a mutation when all of the one before is there', async () => {
    const root = (log: Log) => ({
      node: () => {
        log.push('node');
        return later(3, () => ({
          node: () =>
            later(3, () => {
              log.push('below');
              return { text: 'x' };
            }),
        }));
      },
      text: () => log.push('text'),
      nodeN: () => ({ text: () => log.push('nodeN') }),
    });
    const text = 'mutation { node { node { text } } text again: node { text } nodeN { text } last: text }';
    await expectSame(text, root);
  });

  it.each(Array.from({ length: 24 }, (_, count) => count))(
    'begins it when graphql-js does while %i turns of a field that became null go on',
    async (count) => {
      const root = (log: Log) => ({
        node: () => ({
          node: {
            // It notes each of its turns, so that their order can be seen.
            node: () => step(log, 'orphan', 30),
            nodeN: () => later(2, () => ({ textN: later(count, () => fail('early')) })),
          },
          list: later(count, () => [later(3, () => 1)]),
        }),
        text: () => log.push('text'),
        nodeN: () => later(1, () => ({ textN: later(1, () => String(log.push('textN'))) })),
      });
      const below = 'node { node { node { node { text } } nodeN { textN } } list }';
      await expectSame(`mutation { a: ${below} text nodeN { textN } b: ${below} c: text }`, root);
      await expectSame(`mutation { a: ${below} nodeN { textN } text d: nodeN { textN } }`, root);
    },
  );
});

/** A chain of promises that notes each of its turns. */
async function step(log: Log, name: string, count: number): Promise<object> {
  for (let turn = 0; turn < count; turn += 1) {
    await undefined;
    log.push(`${name} ${turn}`);
  }
  return { node: () => log.push(`${name} end`) };
}

describe('an error', () => {
  it.each(Array.from({ length: 16 }, (_, count) => count))(
    'counts as long as nothing above it has become null, %i turns after another',
    async (count) => {
      const root = () => ({
        node: later(2, () => ({
          nodeN: () => later(1, () => ({ textN: later(2, () => fail('first')) })),
          text: () => later(count, () => fail('second')),
          list: () => later(1, () => [later(count, () => fail('item')), 1]),
        })),
      });
      await expectSame('{ node { nodeN { textN } text list } }', root);
      await expectSame('mutation { node { nodeN { textN } text list } text }', root);
    },
  );

  it.each(Array.from({ length: 16 }, (_, count) => count))(
    'at once, of a field that cannot be null, waits %i turns for the promises before it',
    async (count) => {
      const root = (settled: () => unknown) => (log: Log) => ({
        node: () => ({
          node: later(count, () => ({ text: later(2, settled), list: [later(5, () => 1)] })),
          textN: () => fail('at once'),
          text: () => log.push('is not called'),
        }),
        nodes: () => [later(count + 4, () => ({ text: () => later(7, () => fail('beside')) }))],
        textN: () => later(9, () => fail('all')),
      });
      const text = '{ node { node { text list } textN text } nodes { text } textN }';
      await expectSame(
        text,
        root(() => 'good'),
      );
      await expectSame(
        text,
        root(() => fail('bad')),
      );
    },
  );

  it('makes everything null that cannot be without it', async () => {
    const result = await expectSame('{ nodeN { nodeN { textN } } text }', () => ({
      nodeN: { nodeN: { textN: null } },
    }));
    expect(result.data).toBeNull();
    expect(result.errors).toMatchObject([
      { message: 'Cannot return null for non-nullable field Node.textN.', path: ['nodeN', 'nodeN', 'textN'] },
    ]);
  });

  it('keeps what was thrown, and stands at all nodes of its field', () => {
    const prepared = prepare('{ node { ...A text } } fragment A on Node { text }');
    const { document } = prepared;
    const error = new TypeError('broken');
    const rootValue = { node: { text: error } };
    const { errors } = execute({ schema, document, prepared, coerced: {}, rootValue }) as ExecutionResult;
    expect(errors?.[0]?.originalError).toBe(error);
    expect(errors?.[0]?.nodes).toHaveLength(2);
    expect(errors?.[0]?.path).toEqual(['node', 'text']);
  });

  it('at each index of a list has its place looked up once, which takes the time of the document', () => {
    const text = '{ nodes { text } }';
    const coerced = {};
    const prepared = prepare(text);
    const { document, operation } = prepared;
    const rootValue = { nodes: Array(50).fill(new Error('broken')) };
    const args = { schema, document, rootValue, variableValues: coerced };
    const expected = graphqlExecute(args) as ExecutionResult;
    const { source } = operation.loc ?? {};
    if (!source) throw new TypeError('a document is parsed with its locations');
    const { body } = source;
    let lookUps = 0;
    Object.defineProperty(source, 'body', {
      get() {
        lookUps += 1;
        return body;
      },
    });
    const result = execute({ ...args, prepared, coerced }) as ExecutionResult;
    const { errors = [] } = result;
    expect(JSON.stringify(result)).toBe(JSON.stringify(expected));
    expect(errors.map(({ nodes }) => nodes)).toEqual(expected.errors?.map(({ nodes }) => nodes));
    expect(errors.map(({ positions }) => positions)).toEqual(Array(50).fill([text.indexOf('nodes')]));
    const masking = { hasData: true, coordinateOf: () => 'Query.nodes', onUnexpected: () => 'id' };
    const masked = maskErrors(errors, masking);
    expect(masked.map(({ locations }) => locations)).toEqual(errors.map(({ locations }) => locations));
    expect(lookUps).toBe(1);
  });

  it('that ends a list early leaves no promise without somebody who handles it', async () => {
    const doomed = () => Promise.reject(new Error('nobody waits'));
    await expectSame('{ must }', () => ({ must: () => [doomed(), doomed(), 'wrong', doomed(), 1] }));
    await expectSame('{ must }', () => ({
      *must() {
        yield doomed();
        yield 1;
        fail('in the middle');
      },
    }));
  });
});

describe('the info of a resolver', () => {
  const infos = new Map<string, GraphQLResolveInfo[]>();
  const text = 'query ($yes: Boolean!) { nodes { node @include(if: $yes) { text } } }';
  const noteInfo = (name: string) => (info: GraphQLResolveInfo) => {
    infos.set(name, [...(infos.get(name) ?? []), info]);
  };
  const rootValue = {
    nodes: (_args: unknown, _context: unknown, info: GraphQLResolveInfo) => {
      noteInfo('nodes')(info);
      return [0, 1].map(() => ({
        node: (_below: unknown, _same: unknown, infoBelow: GraphQLResolveInfo) => {
          noteInfo('node')(infoBelow);
          return {};
        },
      }));
    },
  };
  const run = (prepared: PreparedOperation, yes: boolean) => {
    infos.clear();
    const { document } = prepared;
    execute({
      schema,
      document,
      prepared,
      coerced: { yes },
      rootValue,
      variableValues: { yes },
      contextValue: {},
    });
    return { above: infos.get('nodes') ?? [], below: infos.get('node') ?? [] };
  };

  it('has all that graphql-js tells', () => {
    const prepared = prepare(text);
    const { above } = run(prepared, true);
    infos.clear();
    graphqlExecute({ schema, document: prepared.document, rootValue, variableValues: { yes: true } });
    const expected = infos.get('nodes')?.[0] as GraphQLResolveInfo;
    for (const member of Object.keys(expected) as (keyof GraphQLResolveInfo)[]) {
      expect(above[0]?.[member]).toEqual(expected[member]);
    }
    expect(above[0]).toMatchObject({ fieldName: 'nodes', schema, rootValue, variableValues: { yes: true } });
    expect(above[0]?.operation).toBe(prepared.operation);
  });

  it('has the path of each item', () => {
    const { above, below } = run(prepare(text), true);
    expect(below.map(({ path }) => responsePathAsArray(path))).toEqual([
      ['nodes', 0, 'node'],
      ['nodes', 1, 'node'],
    ]);
    expect(below[0]?.path.prev?.prev).toBe(above[0]?.path);
  });

  it('has the same nodes in every execution of the same variant', () => {
    const prepared = prepare(text);
    const first = run(prepared, true);
    expect(first.below[1]?.fieldNodes).toBe(first.below[0]?.fieldNodes);
    const second = run(prepared, true);
    expect(second.above[0]?.fieldNodes).toBe(first.above[0]?.fieldNodes);
    expect(second.below[0]?.fieldNodes).toBe(first.below[0]?.fieldNodes);
    const other = run(prepared, false);
    expect(other.below).toEqual([]);
    expect(other.above[0]?.fieldNodes).not.toBe(first.above[0]?.fieldNodes);
  });
});

describe('the option usesInfo', () => {
  const read = (_source: unknown, _args: unknown, _context: unknown, info = {} as GraphQLResolveInfo) =>
    String(info.fieldName);
  const answerWith = (told: GraphQLFieldConfig<unknown, unknown>) => {
    const own = new GraphQLSchema({ query: new GraphQLObjectType({ name: 'Query', fields: { told } }) });
    const prepared = prepare('{ told }', own);
    const { document } = prepared;
    return execute({ schema: own, document, prepared, coerced: {} }) as ExecutionResult;
  };
  const type = GraphQLString;

  it('gives info to a resolver, however many parameters it declares', () => {
    // A default value ends the count of parameters.
    expect(read).toHaveLength(3);
    expect(answerWith({ type, resolve: read, extensions: { usesInfo: true } })).toEqual({
      data: { told: 'told' },
    });
  });

  it('is named by the error of a resolver that reads info without it', () => {
    for (const resolve of [read, (...all: unknown[]) => (all[3] as GraphQLResolveInfo).fieldName]) {
      const { errors } = answerWith({ type, resolve });
      expect(errors?.map(({ message }) => message)).toEqual([
        'The resolver of Query.told reads info.fieldName, but the field does not have the option usesInfo: true.',
      ]);
    }
    expect(answerWith({ type, resolve: () => 'x' })).toEqual({ data: { told: 'x' } });
  });
});

describe('arguments', () => {
  it.each([
    ['{ add }', {}],
    ['{ add(a: 5, b: null, input: { list: 3 }) }', {}],
    ['query ($a: Int!) { add(b: 3, a: $a) }', { a: 4 }],
    ['query ($a: Int!, $b: Int) { add(b: $b, a: $a) }', { a: 4 }],
    ['query ($a: Int!, $b: Int) { add(b: $b, a: $a) }', { a: 4, b: null }],
    ['query ($a: Int = 8, $b: Int = 9) { add(b: $b, a: $a) }', {}],
    // An error of its field: null stands where it must not.
    ['query ($a: Int = 8) { add(a: $a) text }', { a: null }],
    ['query ($a: Int) { add(input: { a: $a, list: [1, 2] }) }', { a: 7 }],
    ['query ($input: Input) { add(input: $input) }', { input: {} }],
    ['query ($constructor: Int) { add(b: $constructor) }', {}],
  ])('of %s with %j are as graphql-js reads them', async (text, variableValues) => {
    await expectSame(text, () => ({}), { variableValues });
  });
});

describe('conditions', () => {
  const names = ['a', 'b', 'c', 'd', 'e'];
  const head = names.map((name) => `$${name}: Boolean!`).join(' ');
  const many = `query (${head}) { ${names.map((name) => `${name}: text @skip(if: $${name})`).join(' ')} }`;
  const bits = (number: number) =>
    Object.fromEntries(names.map((name, bit) => [name, (number & (1 << bit)) !== 0]));

  it('of more than 16 variants are kept for the last 16', () => {
    const weightOf = (text: string) => {
      const prepared = prepare(text);
      prepared.treeFor({});
      return prepared.weight;
    };
    const oneField = weightOf('{ text }');
    const prepared = prepare(many);
    for (let round = 0; round < 2; round += 1)
      for (let number = 0; number < 32; number += 1) {
        const { document } = prepared;
        const result = execute({
          schema,
          document,
          prepared,
          coerced: bits(number),
          rootValue: { text: 'x' },
        });
        const shown = names.filter((_, bit) => (number & (1 << bit)) === 0);
        expect(Object.keys((result as ExecutionResult).data ?? {})).toEqual(shown);
      }
    // The last 16 variants leave out the last field.
    expect(prepared.weight).toBe(16 * 2 * oneField);
    expect(prepared.treeFor(bits(31))).toBe(prepared.treeFor(bits(31)));
  });

  it.each([
    ['a field', 'query ($a: Boolean = true) { text @include(if: $a) }'],
    ['a field below', 'query ($a: Boolean = true) { text nodes { text node { text @skip(if: $a) } } }'],
    ['a field that @skip leaves out', 'query ($a: Boolean = true) { text @include(if: $a) @skip(if: true) }'],
    [
      'a field that @include leaves out',
      'query ($a: Boolean = true) { text @include(if: false) @skip(if: $a) }',
    ],
    [
      'a fragment',
      'query ($a: Boolean = true) { nodes { ...A @include(if: $a) } } fragment A on Node { text }',
    ],
    [
      'a fragment that is there already',
      'query ($a: Boolean = true) { nodes { ...A ...A @include(if: $a) } } fragment A on Node { text }',
    ],
    ['a field of a mutation', 'mutation ($a: Boolean = true) { text nodeN { text } b: text @skip(if: $a) }'],
    [
      'a field of a mutation, below',
      'mutation ($a: Boolean = true) { node { text @skip(if: $a) } nodeN { text @include(if: $a) } text }',
    ],
  ])('that are null fail as with graphql-js: %s', async (_what, text) => {
    const node = { text: 'x', node: { text: 'y' } };
    const root = (log: Log) => ({
      text: () => log.push('text'),
      node,
      nodeN: later(2, () => node),
      nodes: [node, later(1, () => node), null],
    });
    await expectSame(text, root, { variableValues: { a: null } });
  });
});

it('2,000 fields are executed, wherever they stand', async () => {
  const aliases = (count: number) => Array.from({ length: count }, (_, index) => `t${index}: text`).join(' ');
  await expectSame(`{ ${aliases(2_000)} }`, () => ({ text: 'x' }));
  await expectSame(`{ node { ${aliases(1_997)} } again: node { text } }`, () => ({ node: { text: 'x' } }));
});

it('an operation that the schema does not have is refused', () => {
  const queries = buildSchema('type Query { a: Int }');
  const document = parse('mutation { a }');
  const prepared = new PreparedOperation(
    queries,
    document,
    getOperationAST(document) as OperationDefinitionNode,
  );
  expect(JSON.stringify(execute({ schema: queries, document, prepared, coerced: {} }))).toBe(
    JSON.stringify({
      errors: [{ message: 'Schema is not configured to execute mutation operation.' }],
      data: null,
    }),
  );
});

it('introspection is the same', () => {
  const prepared = prepare(getIntrospectionQuery({ inputValueDeprecation: true, oneOf: true }), everyType);
  const { document } = prepared;
  const result = execute({ schema: everyType, document, prepared, coerced: {} }) as ExecutionResult;
  expect(JSON.stringify(result)).toBe(JSON.stringify(graphqlExecute({ schema: everyType, document })));
});
