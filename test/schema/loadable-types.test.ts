import { GraphQLObjectType, type GraphQLResolveInfo } from 'graphql';
import { describe, expect, it } from 'vitest';
import { createSchema } from '../../src/features/schema.ts';
import { LOADABLES } from '../../src/schema/loadable-ref.ts';

const fieldsOf = (name: string) => {
  const type = createSchema().getType(name);
  if (!(type instanceof GraphQLObjectType)) throw new TypeError(`${name} is no object type`);
  return type.getFields();
};

describe('a field of a type that is read by a key', () => {
  it.each([
    ['Query.script', 'Script', 'id'],
    ['Query.project', 'Project', 'id'],
    ['Query.session', 'Session', 'id'],
    ['Query.user', 'User', 'key'],
    ['Query.adSystem', 'AdSystem', 'id'],
  ])(
    '%s returns the key, and the dataloader plugin reads the object by the loader of its type',
    (path, name, key) => {
      const [parent = '', field = ''] = path.split('.');
      const { resolve, extensions } = fieldsOf(parent)[field] ?? {};
      const own = extensions?.pothosOriginalResolve as NonNullable<typeof resolve>;
      const context = { loaders: { [name]: { load: (given: string) => `${name} ${given}` } } };
      const info = {} as GraphQLResolveInfo;
      expect(own({}, { [key]: 'abc' }, context, info)).toBe('abc');
      expect(resolve?.({}, { [key]: 'abc' }, context, info)).toBe(`${name} abc`);
    },
  );

  it('is one of the types that federation routers read by the same key', () => {
    const keys = [...LOADABLES.values()].map(({ name, key }) => `${name} ${key}`).sort();
    expect(keys).toEqual(['AdSystem id', 'Project id', 'Script id', 'Session id', 'User key']);
  });
});
