import {
  buildSchema,
  type ExecutionArgs,
  type ExecutionResult,
  type GraphQLFieldConfig,
  GraphQLObjectType,
  type GraphQLResolveInfo,
  GraphQLSchema,
  GraphQLString,
  getOperationAST,
  getVariableValues,
  execute as graphqlExecute,
  parse,
  responsePathAsArray,
  validate,
} from 'graphql';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { maskErrors } from '../../src/errors/masking.ts';
import { execute } from '../../src/execution/execute.ts';
import { type PreparedOperation, prepareOperation } from '../../src/plan/prepared-operation.ts';
import { noLimits, nothingMore } from '../property/outcome.ts';

const limits = noLimits;
const schema = buildSchema(`
  type Query {
    node: Node
    nodeN: Node!
    nodes: [Node]
    text: String
    textN: String!
  }
  type Mutation { node: Node nodeN: Node! text: String }
  type Subscription { node: Node }
  type Node { node: Node nodeN: Node! text: String textN: String! list: [Int] }
`);

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
  return prepareOperation(on, document, operation);
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
    last = await one((args) => execute({ ...args, prepared, coerced: coercedFor(prepared, args), limits }));
    expect(last.seen).toEqual(expected.seen);
    expect(rejections).toEqual([]);
  }
  return last.result;
}

it('executes an event of a subscription like a query', async () => {
  const result = await expectSame('subscription { node { text list nodeN { textN } } }', () => ({
    node: { text: later(2, () => 't'), list: () => fail('broken'), nodeN: { textN: 'n' } },
  }));
  expect(result).toMatchObject({
    data: { node: { text: 't', list: null, nodeN: { textN: 'n' } } },
    errors: [{ message: 'broken', path: ['node', 'list'] }],
  });
});

it('gives a result at once where nothing is promised', () => {
  const prepared = prepare('{ node { text } text }');
  expect(execute({ prepared, coerced: {}, limits, rootValue: { node: { text: 'a' } } })).toEqual({
    data: { node: { text: 'a' }, text: null },
  });
});

describe('an error', () => {
  it('keeps what was thrown, and names all nodes of its field', () => {
    const prepared = prepare('{ node { ...A text } } fragment A on Node { text }');
    const error = new TypeError('broken');
    const rootValue = { node: { text: error } };
    const { errors } = execute({ prepared, coerced: {}, limits, rootValue }) as ExecutionResult;
    expect(errors?.[0]?.originalError).toBe(error);
    expect(errors?.[0]?.nodes).toHaveLength(2);
    expect(errors?.[0]?.path).toEqual(['node', 'text']);
  });

  it('is located once for all items of a list, because a look-up reads the whole document', () => {
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
    const result = execute({ ...args, prepared, coerced, limits }) as ExecutionResult;
    const { errors = [] } = result;
    expect(JSON.stringify(result)).toBe(JSON.stringify(expected));
    expect(errors.map(({ nodes }) => nodes)).toEqual(expected.errors?.map(({ nodes }) => nodes));
    expect(errors.map(({ positions }) => positions)).toEqual(Array(50).fill([text.indexOf('nodes')]));
    const masking = { hasData: true, onUnexpected: () => 'id' };
    const masked = maskErrors(errors, masking);
    expect(masked.map(({ extensions }) => extensions.coordinate)).toEqual(Array(50).fill('Query.nodes'));
    expect(masked.map(({ locations }) => locations)).toEqual(errors.map(({ locations }) => locations));
    expect(lookUps).toBe(1);
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
    execute({ prepared, coerced: { yes }, limits, rootValue, contextValue: {} });
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
    return execute({ prepared, coerced: {}, limits }) as ExecutionResult;
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
      expect(errors?.map(({ path }) => path)).toEqual([['told']]);
      expect(errors?.map(({ message }) => message)).toEqual([
        'The resolver reads info.fieldName, but its field does not have the option usesInfo: true.',
      ]);
    }
    expect(answerWith({ type, resolve: () => 'x' })).toEqual({ data: { told: 'x' } });
  });
});

describe('conditions', () => {
  const names = ['a', 'b', 'c', 'd', 'e'];
  const head = names.map((name) => `$${name}: Boolean!`).join(' ');
  const many = `query (${head}) { ${names.map((name) => `${name}: text @skip(if: $${name})`).join(' ')} }`;
  const bits = (number: number) =>
    Object.fromEntries(names.map((name, bit) => [name, (number & (1 << bit)) !== 0]));

  it('give a tree for their values, of which the last is kept', () => {
    const prepared = prepare(many);
    for (let round = 0; round < 2; round += 1)
      for (let number = 0; number < 32; number += 1) {
        const result = execute({ prepared, coerced: bits(number), limits, rootValue: { text: 'x' } });
        const shown = names.filter((_, bit) => (number & (1 << bit)) === 0);
        expect(Object.keys((result as ExecutionResult).data ?? {})).toEqual(shown);
      }
    prepared.treeFor(bits(0));
    const { weight } = prepared;
    const tree = prepared.treeFor(bits(15));
    expect(prepared.treeFor(bits(15))).toBe(tree);
    expect(prepared.weight).toBe(weight / 5);
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

it('executes 2,000 fields at any depth', async () => {
  const aliases = (count: number) => Array.from({ length: count }, (_, index) => `t${index}: text`).join(' ');
  await expectSame(`{ ${aliases(2_000)} }`, () => ({ text: 'x' }));
  await expectSame(`{ node { ${aliases(1_997)} } again: node { text } }`, () => ({ node: { text: 'x' } }));
});
