import { MapperKind, mapSchema } from '@graphql-tools/utils';
import {
  defaultFieldResolver,
  type GraphQLFieldConfig,
  type GraphQLFieldResolver,
  type GraphQLSchema,
  isObjectType,
} from 'graphql';
import { idsIn } from '../callers/write-ids.ts';
import type { Context } from '../context.ts';
import { endOfWrite } from '../errors/write-outcome.ts';
import { Refusal } from './refusal.ts';

type Resolver = GraphQLFieldResolver<unknown, Context>;

/** Has every mutation tell how it has ended, before anything is answered: one that is added is told of by itself. */
export function withWriteRecords(schema: GraphQLSchema): GraphQLSchema {
  const name = schema.getMutationType()?.name;
  return mapSchema(schema, {
    [MapperKind.OBJECT_FIELD]: (config: GraphQLFieldConfig<unknown, Context>, _field, type) =>
      type === name ? { ...config, resolve: recorded(config.resolve ?? defaultFieldResolver) } : config,
  });
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
