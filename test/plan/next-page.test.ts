import { buildSchema, type GraphQLObjectType, type OperationDefinitionNode, parse } from 'graphql';
import { expect, it } from 'vitest';
import { getProject } from '../../src/luaauth/projects.ts';
import { getSessions } from '../../src/luaauth/sessions.ts';
import { callsTo, costing, THE_SAME_AGAIN } from '../../src/plan/cost.ts';
import { PreparedOperation } from '../../src/plan/prepared-operation.ts';

const schema = buildSchema(`
  type Query { openEnded: List, knowsItsEnd: List }
  type List { pageInfo: PageInfo, inner: List }
  type PageInfo { hasNextPage: Boolean }
`);

const fieldOf = (type: string, name: string) => {
  const field = (schema.getType(type) as GraphQLObjectType).getFields()[name];
  if (!field) throw new Error(`${type} has no ${name}`);
  return field;
};
fieldOf('Query', 'openEnded').extensions = { ...costing(callsTo(getSessions, { isOpenEnded: true })) };
fieldOf('Query', 'knowsItsEnd').extensions = { ...costing(getProject) };
fieldOf('List', 'inner').extensions = { ...costing(getProject) };
fieldOf('PageInfo', 'hasNextPage').extensions = { ...costing(THE_SAME_AGAIN) };

function callsOf(source: string): number {
  const document = parse(source);
  const [operation] = document.definitions as OperationDefinitionNode[];
  return new PreparedOperation(schema, document, operation as OperationDefinitionNode).price({}).calls;
}

it.each([
  ['of a list that does not know its end takes the call of the list once more', 'openEnded', 2],
  ['of a list that knows its end takes nothing', 'knowsItsEnd', 1],
])('hasNextPage %s', (_title, list, calls) => {
  expect(callsOf(`{ ${list} { pageInfo { hasNextPage } } }`)).toBe(calls);
});

it('hasNextPage is that of the nearest list, which knows its end where the one above does not', () => {
  expect(callsOf('{ openEnded { inner { pageInfo { hasNextPage } } } }')).toBe(2);
});
