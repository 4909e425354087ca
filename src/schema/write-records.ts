import { defaultFieldResolver, type GraphQLFieldResolver, type GraphQLSchema, isObjectType } from 'graphql';
import { idsIn } from '../callers/write-ids.ts';
import type { Context } from '../context.ts';
import { endOfWrite } from '../errors/masking.ts';
import { Refusal } from './refusal.ts';

type Resolver = GraphQLFieldResolver<unknown, Context>;

/**
 * Has every mutation of an unused schema report how it has ended, before anything is answered: a new mutation is reported as
 * well.
 */
export function recordWrites(schema: GraphQLSchema): void {
  for (const field of Object.values(schema.getMutationType()?.getFields() ?? {})) {
    field.resolve = recorded(field.resolve ?? defaultFieldResolver);
  }
}

function recorded(resolve: Resolver): Resolver {
  return async (source, args, context, info) => {
    const ended = context.writing({ mutation: info.fieldName, ids: idsIn(args) });
    try {
      const result = (await resolve(source, args, context, info)) as { readonly type: string };
      const outcome = isRefusal(info.schema, result.type) ? 'NOT_EXECUTED' : 'EXECUTED';
      ended({ result: result.type, errorCode: undefined, outcome });
      return result;
    } catch (error) {
      ended({ result: undefined, ...endOfWrite(error) });
      throw error;
    }
  };
}

function isRefusal(schema: GraphQLSchema, typeName: string): boolean {
  const type = schema.getType(typeName);
  return isObjectType(type) && type.getInterfaces().some(({ name }) => name === Refusal.name);
}
