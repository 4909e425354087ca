import type { FieldMap, ObjectFieldsShape, ObjectRef } from '@pothos/core';
import type { KeyScope } from '../callers/scopes.ts';
import { idsIn } from '../callers/write-ids.ts';
import type { Context } from '../context.ts';
import { endOfWrite } from '../errors/masking.ts';
import type { Endpoint, MemberOf, Payloads } from '../luaauth/endpoint.ts';
import type { Route } from '../luaauth/endpoints.ts';
import { type ParamName, type Params, paramsIn } from '../luaauth/resource.ts';
import type { Effect } from '../plan/cost.ts';
import { builder, type Types } from './builder.ts';
import { defineInput, type InputField } from './mutation-input.ts';
import { asRefusal, nothingToEdit, refusalTypes } from './refusal.ts';

interface Done<Path extends string, Payload, Answer> {
  readonly type: string;
  readonly params: Params<Path>;
  readonly sent: Payload;
  readonly answer: Answer;
}

interface MutationOptions<Path extends Route, Payload, Answer> {
  /** Also determines the names of the types: `EditScriptInput`, `EditScriptResult`, `EditScriptSuccess`. */
  readonly name: string;
  readonly description: string;
  readonly effect: Effect;
  readonly scope: KeyScope;
  readonly endpoint: Endpoint<Path, Payload, Answer>;
  readonly input: {
    readonly description: string;
    readonly fields: Readonly<Record<string, InputField<ParamName<Path> | MemberOf<Payload>>>>;
  };
  /** Absent fields stay as they are, null is refused where it does not clear, and ids alone are refused. */
  readonly isEdit?: boolean;
  readonly success: Success<Done<Path, Payload, Answer>>;
  /** Called after a successful write, when the operation's loaders are empty. */
  readonly done?: (done: Done<Path, Payload, Answer>, context: Context) => void;
}

type Success<Source> =
  | {
      readonly description: string;
      /** Adds a field that reads the written object, whose id is in the endpoint's path. */
      readonly reads?: {
        readonly type: AnyObject;
        /** Such as `ad system`, for the description. */
        readonly noun: string;
        readonly scope: KeyScope;
        readonly endpoint: { readonly route: Route };
      };
      readonly fields?: ObjectFieldsShape<Types, Source>;
    }
  /** For a mutation with several kinds of success. */
  | { readonly types: readonly AnyObject[]; readonly typeOf: (source: Source) => string };

/** The description of a field that reads the written object, such as a `script`. */
export function readAgain(noun: string): string {
  return `The ${noun}, read again after the write, for one more REST call. Null, with an error here, if only this read failed: the write succeeded.`;
}

/** Any object type; the union does not depend on the type's source. */
type AnyObject = ObjectRef<Types, unknown>;

/**
 * Defines a mutation with its input, its result and its price. Without it, `deleteScript` would be in Pothos:
 *
 * ```ts
 * const Input = builder.inputType('DeleteScriptInput', { fields: (t) => ({ id: t.id({ required: true }) }) });
 * const Success = builder.objectRef<Done>('DeleteScriptSuccess').implement({
 *   scopes: 'inherited',
 *   fields: (t) => ({ deletedScriptId: t.id({ resolve: ({ params }) => params.script_id }) }),
 * });
 * const Result = builder.unionType('DeleteScriptResult', {
 *   types: [Success, ...['invalid fields', 'not permitted', 'undocumented'].map(refusalType)],
 *   resolveType: ({ type }) => type,
 * });
 * builder.mutationField('deleteScript', (t) =>
 *   t.field({
 *     type: Result,
 *     scopes: ['scripts:delete'],
 *     cost: removeScript,
 *     effect: 'ends',
 *     args: { input: t.arg({ type: Input, required: true }) },
 *     resolve: async (_root, { input }, { caller: { api } }) => {
 *       const params = { script_id: checkId('input.id', input.id) };
 *       try {
 *         return { type: 'DeleteScriptSuccess', params, answer: await removeScript(api, params) };
 *       } catch (error) {
 *         return asRefusal(error, { script_id: 'id' }, params) ?? error;
 *       }
 *     },
 *   }),
 * );
 * ```
 *
 * Besides, each write is recorded for the audit log, and what is read after it is read anew.
 * @throws Error at the start of the process if the input lacks a path parameter
 */
export function defineMutation<const Path extends Route, Payload, Answer>(
  options: MutationOptions<Path, Payload, Answer>,
): void {
  const { name, description, effect, scope, endpoint, input, isEdit = false, success } = options;
  const typeName = name.charAt(0).toUpperCase() + name.slice(1);
  const successName = `${typeName}Success`;
  const inPath = paramsIn(endpoint.route);
  const wires: readonly string[] = Object.values(input.fields).map(({ wire }) => wire);
  const missing = inPath.find((param) => !wires.includes(param));
  if (missing) throw new Error(`${name}.input.fields: no field gives ${missing} of ${endpoint.route}`);
  const { type: Input, names, read } = defineInput(`${typeName}Input`, { ...input, inPath, isEdit });
  const others = Object.keys(names).filter((wire) => !inPath.includes(wire));

  const Result = builder.unionType(`${typeName}Result`, {
    description: `The result of ${name}.`,
    types: [...successTypes(success, successName, inPath), ...refusalTypes(endpoint.refusals, isEdit)],
    // `run` makes the objects of the union.
    resolveType: (result) => (result as { readonly type: string }).type,
  });

  const run = async (given: object, context: Context) => {
    const [params, sent] = read({ ...given }) as [Params<Path>, Payload];
    if (isEdit && Object.keys(sent as object).length === 0)
      return nothingToEdit(
        others.map((wire) => names[wire] as string),
        params,
      );
    // The endpoint's declaration has typed the payload. This function sees the type of any endpoint.
    const payload = (others.length > 0 ? [sent] : []) as Payloads<Payload>;
    let done: Done<Path, Payload, Answer>;
    try {
      const answer = await endpoint(context.caller.api, params, ...payload);
      done = { type: successName, params, sent, answer };
    } catch (error) {
      const refusal = asRefusal(error, names, params);
      if (refusal === undefined) throw error;
      return refusal;
    } finally {
      // Also after an unknown outcome: a read after the write must make a new call.
      context.loaders = {};
    }
    options.done?.(done, context);
    return 'typeOf' in success ? { ...done, type: success.typeOf(done) } : done;
  };

  /** Reports the end of the write before the operation is answered. */
  const recorded = async (given: object, context: Context, key: string) => {
    const ended = context.writing({ mutation: name, path: [key], ids: idsIn({ input: given }) });
    try {
      const result = await run(given, context);
      const outcome = 'answer' in result ? 'EXECUTED' : 'NOT_EXECUTED';
      ended({ result: result.type, errorCode: undefined, outcome });
      return result;
    } catch (error) {
      ended({ result: undefined, ...endOfWrite(error) });
      throw error;
    }
  };

  builder.mutationField(name, (t) =>
    t.field({
      type: Result,
      description,
      scopes: [scope],
      cost: endpoint,
      effect,
      usesInfo: true,
      args: {
        input: t.arg({ type: Input, required: true, description: input.description }),
      },
      resolve: (_root, { input: given }, context, { path }) => recorded(given, context, String(path.key)),
    }),
  );
}

function successTypes<Path extends Route, Payload, Answer>(
  success: Success<Done<Path, Payload, Answer>>,
  name: string,
  [param]: readonly string[],
): readonly AnyObject[] {
  if ('types' in success) return success.types;
  const { description, reads, fields } = success;
  const made = builder.objectRef<Done<Path, Payload, Answer>>(name).implement({
    scopes: 'inherited',
    description,
    fields: (t): FieldMap => ({
      ...fields?.(t),
      ...(reads && {
        [reads.type.name.charAt(0).toLowerCase() + reads.type.name.slice(1)]: t.field({
          type: reads.type,
          nullable: true,
          description: readAgain(reads.noun),
          scopes: [reads.scope],
          cost: reads.endpoint,
          resolve: ({ params }) => params[param as ParamName<Path>],
        }),
      }),
    }),
  });
  return [made];
}
