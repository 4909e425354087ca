import {
  type GraphQLField,
  type GraphQLNamedType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isNonNullType,
  isObjectType,
  isSpecifiedScalarType,
} from 'graphql';
import { expect, it } from 'vitest';
import { everyOne } from '../../scripts/schema-tables.ts';
import { scopesOfField } from '../../src/callers/scopes.ts';
import { createSchema } from '../../src/features/schema.ts';
import { ENDPOINTS } from '../../src/luaauth/endpoints.ts';
import { toggleScript } from '../../src/luaauth/scripts.ts';
import { costOf } from '../../src/plan/cost.ts';
import { defineMutation } from '../../src/schema/define-mutation.ts';

const types: readonly GraphQLNamedType[] = everyOne(createSchema().getTypeMap()).filter(
  (type) => !type.name.startsWith('__') && !isSpecifiedScalarType(type),
);

const fields = types.flatMap((type) =>
  isObjectType(type) || isInterfaceType(type)
    ? everyOne<GraphQLField<unknown, unknown>>(type.getFields()).map((field) => ({ type, field }))
    : [],
);

it('every field says, itself or by its type, which scopes it takes', () => {
  const silent = fields.filter(({ type, field }) => isObjectType(type) && !scopesOfField(type, field));
  expect(silent.map(({ type, field }) => `${type.name}.${field.name}`)).toEqual([]);
});

it('everything in the schema has a description', () => {
  const inputs = types.flatMap((type) =>
    isInputObjectType(type)
      ? Object.values(type.getFields()).map(({ name, description }) => ({
          name: `${type.name}.${name}`,
          description,
        }))
      : [],
  );
  const values = types.flatMap((type) => (isEnumType(type) ? type.getValues() : []));
  const ofFields = fields.flatMap(({ type, field: { name, description, args } }) => [
    { name: `${type.name}.${name}`, description },
    ...args.map((arg) => ({ name: `${type.name}.${name}(${arg.name})`, description: arg.description })),
  ]);
  const silent = [...types, ...inputs, ...values, ...ofFields].filter(
    ({ description }) => !description?.trim(),
  );
  expect(silent.map(({ name }) => name)).toEqual([]);
});

it('every endpoint is what a field costs, so that none is declared in vain or called for nothing', () => {
  const argumentsOfEither = [{}, { filter: { placeId: '1' } }];
  const priced = [...types.filter(isObjectType), ...fields.map(({ field }) => field)].flatMap((element) => {
    const { endpoint, item } = costOf(element) ?? {};
    const own = typeof endpoint === 'function' ? argumentsOfEither.map((args) => endpoint(args)) : [endpoint];
    return [...own, item?.endpoint.route];
  });
  expect(ENDPOINTS.all.map(({ route }) => route).filter((route) => !priced.includes(route as never))).toEqual(
    [],
  );
});

it('a field with its own call can be null, except where Relay requires a value', () => {
  const roots = ['Mutation', 'Subscription'];
  const whole = fields.filter(
    ({ type, field }) => costOf(field) && isNonNullType(field.type) && !roots.includes(type.name),
  );
  const names = whole.map(({ type, field }) => `${type.name}.${field.name}: ${field.type}`);
  expect(names).toEqual([
    'PageInfo.hasNextPage: Boolean!',
    // Each of their items has a call of its own.
    'Query.projects: [Project]!',
    'Query.scripts: [Script]!',
    'Query.users: [User]!',
  ]);
});

it('a mutation whose input does not give what its endpoint needs ends the start, by name', () => {
  const define = () =>
    defineMutation({
      name: 'flipScript',
      effect: 'sets',
      description: 'Flips a script.',
      scope: 'scripts:write',
      endpoint: toggleScript,
      input: {
        description: 'A state.',
        fields: { on: { type: 'Boolean', wire: 'state', description: 'It.' } },
      },
      success: { description: 'Done.', fields: () => ({}) },
    });
  expect(define).toThrow(
    'flipScript.input.fields: no field gives script_id of POST /scripts/:script_id/toggle',
  );
});
