import { type GraphQLSchema, isObjectType, isUnionType } from 'graphql';
import { badUserInput } from '../errors/coded-error.ts';
import { isObject } from '../luaauth/envelope.ts';
import { checkId } from './argument.ts';
import { lookAhead } from './argument-check.ts';

/** Completes what the federation library adds to a schema: descriptions, and entities that fail one by one. */
export function completeFederation(schema: GraphQLSchema): void {
  describe(schema);
  resolveEachEntity(schema);
}

function describe(schema: GraphQLSchema): void {
  const any = schema.getType('_Any');
  const entity = schema.getType('_Entity');
  const service = schema.getType('_Service');
  const { _entities: entities, _service: serviceField } = schema.getQueryType()?.getFields() ?? {};
  if (any)
    any.description =
      'A representation of an entity: an object of its `__typename` and its key, such as `{"__typename": "Script", "id": "…"}`.';
  if (entity) entity.description = 'What `_entities` can resolve.';
  if (isObjectType(service)) {
    service.description = 'What this subgraph is.';
    const { sdl } = service.getFields();
    if (sdl) sdl.description = 'The schema of this subgraph in SDL, with its federation directives.';
  }
  if (serviceField)
    serviceField.description = 'For a federation router: what this subgraph offers. Costs nothing.';
  if (!entities) return;
  entities.description =
    'For a federation router: the entities behind representations, in their order. One that cannot be read is null, with an error at its index; the others stay. Costs one REST call for each distinct entity.';
  for (const argument of entities.args) {
    argument.description = 'The representations; one that is repeated costs nothing.';
  }
}

/** The library's own resolver lets one bad representation fail them all, so it is given one at a time. */
function resolveEachEntity(schema: GraphQLSchema): void {
  const field = schema.getQueryType()?.getFields()._entities;
  const union = schema.getType('_Entity');
  const resolve = field?.resolve;
  if (!field || !resolve || !isUnionType(union)) return;
  const names = union.getTypes().map(({ name }) => name);
  field.resolve = (source, { representations }, context, info) => {
    const checks = new Map(names.map((name) => [name, lookAhead(info, name)]));
    return (representations as unknown[]).map((given, index) => {
      try {
        const one = readRepresentation(`representations[${index}]`, given, names);
        checks.get(one.__typename)?.(one.id, index);
        const [entity] = resolve(source, { representations: [one] }, context, info) as unknown[];
        return entity;
      } catch (error) {
        return error;
      }
    });
  };
}

/** Every entity's key is its `id`, and an id follows the rules of the scalar ID. */
function readRepresentation(argument: string, given: unknown, names: readonly string[]) {
  const { __typename, id } = isObject(given) ? given : {};
  if (typeof __typename !== 'string' || !names.includes(__typename)) {
    throw badUserInput(
      `${argument}.__typename`,
      `this is no entity of this subgraph. Give one of ${names.join(', ')}.`,
    );
  }
  if (typeof id !== 'string' && !Number.isSafeInteger(id)) {
    throw badUserInput(`${argument}.id`, 'it is missing or cannot be an id. Give it as a string.');
  }
  return { __typename, id: checkId(`${argument}.id`, String(id)) };
}
