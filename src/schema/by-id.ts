import type { KeyScope } from '../callers/scopes.ts';
import type { Route } from '../luaauth/endpoints.ts';
import { type EntityKey, eachIn } from '../plan/cost.ts';
import { readEach } from './argument.ts';
import { builder } from './builder.ts';
import type { loadableRef } from './loader.ts';

type Loadable = ReturnType<typeof loadableRef<object>>;

/** How objects of a type are read by their id or licence key. The same members are options of the type. */
interface Reading {
  readonly scopes: readonly KeyScope[];
  readonly cost: { readonly route: Route };
  readonly entityKey: EntityKey;
}

/**
 * Defines the query of one object. Without this function `script` would be:
 *
 *   builder.queryField('script', (t) =>
 *     t.field({
 *       type: Script,
 *       nullable: true,
 *       description: 'One script.',
 *       scopes: ['scripts:read'],
 *       cost: getScript,
 *       args: { id: t.arg.id({ required: true, description: 'The id of the script.' }) },
 *       resolve: (_root, { id }) => checkId('id', id),
 *     }),
 *   );
 */
export function byId(
  name: string,
  type: Loadable,
  { scopes, cost, entityKey: { field, check } }: Reading,
  { description, argument }: { readonly description: string; readonly argument: string },
): void {
  builder.queryField(name, (t) =>
    t.field({
      type,
      nullable: true,
      description,
      scopes,
      cost,
      args: { [field]: t.arg.id({ required: true, description: argument }) },
      resolve: (_root, given) => check(field, String(given[field])),
    }),
  );
}

/** `byId` under the name that the Relay compiler needs. */
export function refetchable(type: Loadable, reading: Reading): void {
  byId(`fetch__${type.name}`, type, reading, {
    description: `The same as \`${lowerCase(type.name)}\`, under the name that the Relay compiler needs for \`@refetchable\` fragments on ${type.name}. Costs one REST call.`,
    argument: `The id of the ${lowerCase(type.name)}, as in \`${type.name}.id\`.`,
  });
}

/** Defines the query of several objects. It and its argument have the names of `byId` and its argument, with an s. */
export function byIds(type: Loadable, { scopes, cost, entityKey }: Reading, argument: string): void {
  const noun = lowerCase(type.name);
  const ids = `${entityKey.field}s`;
  builder.queryField(`${noun}s`, (t) =>
    t.field({
      type: [type],
      nullable: { list: false, items: true },
      description: `Several ${noun}s in the order of ${ids}. A ${noun} that cannot be read is null, with an error at its index; the others stay. Costs one REST call for each distinct ${entityKey.field}.`,
      scopes,
      cost: { endpoint: cost, ...eachIn(ids) },
      args: {
        [ids]: t.arg.idList({ required: true, description: `${argument} Repeating a value costs nothing.` }),
      },
      resolve: (_root, given) => readEach(ids, given[ids] ?? [], entityKey.check),
    }),
  );
}

function lowerCase(name: string): string {
  return name.charAt(0).toLowerCase() + name.slice(1);
}
