import type { KeyScope } from '../callers/scopes.ts';
import { idsIn } from '../callers/write-ids.ts';
import type { Context } from '../context.ts';
import { badUserInput } from '../errors/coded-error.ts';
import { endOfWrite } from '../errors/masking.ts';
import { MAX_NAME } from '../luaauth/decoders.ts';
import type { Endpoint, MemberOf } from '../luaauth/endpoint.ts';
import type { Route } from '../luaauth/endpoints.ts';
import { REASONS, REFUSALS_OF_ANY_WRITE, type RefusalReason } from '../luaauth/refusal.ts';
import { type ParamName, type Params, paramsIn, type Resource } from '../luaauth/resource.ts';
import type { Effect } from '../plan/cost.ts';
import { checkFilled, checkId } from './argument.ts';
import { builder, type Fields } from './builder.ts';
import { fieldOf, type Loadable } from './loadable-fields.ts';
import { asRefusal, type InputNames, nothingToEdit, refusalType } from './refusal.ts';

interface InputField<Wire extends string = string> {
  readonly type: 'ID' | 'String' | 'Boolean' | 'DateTime' | 'SafeInt' | 'JSON' | ['ID'];
  /** The field's name in the path or payload of the REST call. */
  readonly wire: Wire;
  readonly description: string;
  readonly isRequired?: boolean;
  /** The meaning of null. By default `refused` in an edit, `left out` elsewhere. */
  readonly ofNull?: 'clears' | 'left out' | 'refused' | 'sent';
  /** Converts a value to its wire form. @throws BAD_USER_INPUT */
  readonly write?: (argument: string, value: never) => unknown;
}

export function idField<const Wire extends string>(wire: Wire, description: string, write = checkId) {
  return { type: 'ID', wire, description, isRequired: true, write } as const;
}

/** A name cannot be cleared, so it must not be empty. A name past `MAX_NAME` could not be read again. */
export function nameField(description: string) {
  const write = (argument: string, name: string) =>
    checkFilled(argument, name, 'at least one character', MAX_NAME);
  return { type: 'String', wire: 'name', description, write } as const;
}

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
    readonly argument?: string;
    readonly fields: Readonly<Record<string, InputField<ParamName<Path> | MemberOf<Payload>>>>;
  };
  /** Absent fields stay as they are, null is refused where it does not clear, and ids alone are refused. */
  readonly isEdit?: boolean;
  readonly success: Success<Done<Path, Payload, Answer>, ParamName<Path>>;
  /** Called after a successful write, when the operation's loaders are empty. */
  readonly done?: (done: Done<Path, Payload, Answer>, context: Context) => void;
}

type Success<Source, Param extends string> =
  | {
      readonly description: string;
      readonly reads?: Loadable & { readonly resource: Resource<Param> };
      readonly id?: readonly [name: string, description: string];
      readonly fields?: (t: Fields<Source>) => object;
    }
  /** For a mutation with several kinds of success. */
  | { readonly types: readonly AnyObject[]; readonly typeOf: (source: Source) => string };

/** Any object type; the union does not depend on the type's source. */
interface AnyObject {
  readonly name: string;
}

/**
 * Result union, scopes, price and the paths of invalid fields follow from the input, the endpoint and the success.
 * @throws Error at the start of the process if the input lacks a path parameter
 */
export function defineMutation<const Path extends Route, Payload, Answer>(
  options: MutationOptions<Path, Payload, Answer>,
): void {
  const { name, description, effect, scope, endpoint, input, isEdit = false, success } = options;
  const typeName = name.charAt(0).toUpperCase() + name.slice(1);
  const successName = `${typeName}Success`;
  const fields = Object.entries<InputField>(input.fields);
  const inputNames: InputNames = Object.fromEntries(fields.map(([field, { wire }]) => [wire, field]));
  const inPath = paramsIn(endpoint.route);
  const missing = inPath.find((param) => !Object.hasOwn(inputNames, param));
  if (missing) throw new Error(`${name}.input.fields: no field gives ${missing} of ${endpoint.route}`);
  const others = fields.filter(([, { wire }]) => !inPath.includes(wire)).map(([field]) => field);

  const Input = builder.inputType(`${typeName}Input`, {
    description: input.description,
    fields: (t) =>
      Object.fromEntries(
        fields.map(([field, { type, isRequired: required = false, description: about }]) => [
          field,
          t.field({ type, required, description: about }),
        ]),
      ),
  });

  const Result = builder.unionType(`${typeName}Result`, {
    description: `The result of ${name}.`,
    types: [...successTypes(success, successName, inPath), ...refusalTypes(endpoint, isEdit)] as never,
    resolveType: ({ type }: { readonly type: string }) => type,
  });

  const run = async (given: object, context: Context) => {
    const [params, sent] = readInput(given, fields, inPath, isEdit) as [Params<Path>, Payload];
    if (isEdit && Object.keys(sent as object).length === 0) return nothingToEdit(others, params);
    // The endpoint's declaration has typed the payload. This function sees the type of any endpoint.
    const payload = (others.length > 0 ? [sent] : []) as never;
    let done: Done<Path, Payload, Answer>;
    try {
      const answer = await endpoint(context.caller.api, params, ...payload);
      done = { type: successName, params, sent, answer };
    } catch (error) {
      const refusal = asRefusal(error, inputNames, params);
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
        input: t.arg({
          type: Input,
          required: true,
          description: input.argument ?? input.description,
        }),
      },
      resolve: (_root, { input: given }, context, { path }) =>
        recorded(given, context, String(path.key)) as never,
    }),
  );
}

function successTypes<Path extends Route, Payload, Answer>(
  success: Success<Done<Path, Payload, Answer>, ParamName<Path>>,
  name: string,
  [param = '']: readonly string[],
): readonly AnyObject[] {
  if ('types' in success) return success.types;
  const { description, reads, id, fields } = success;
  const made = builder.objectRef<Done<Path, Payload, Answer>>(name).implement({
    scopes: 'inherited',
    description,
    fields: ((t: Fields<Done<Path, Payload, Answer>>) => ({
      ...fields?.(t),
      ...(id && { [id[0]]: t.id({ description: id[1], resolve: ({ params }) => params[param as never] }) }),
      ...(reads && {
        [fieldOf(reads.name)]: t.readAgain(reads, ({ params }) => params[reads.resource.param]),
      }),
    })) as never,
  });
  return [made];
}

function refusalTypes({ refusals }: Pick<Endpoint<Route, unknown, unknown>, 'refusals'>, isEdit: boolean) {
  const own = isEdit ? (['nothing to edit'] as const) : [];
  const reasons = new Set<RefusalReason>([...Object.values(refusals), ...own, ...REFUSALS_OF_ANY_WRITE]);
  return REASONS.filter((reason) => reasons.has(reason)).map(refusalType);
}

/** Splits an input into path parameters and payload, both by wire names. @throws BAD_USER_INPUT */
function readInput(
  given: object,
  fields: readonly (readonly [string, InputField])[],
  inPath: readonly string[],
  isEdit: boolean,
): [params: object, sent: object] {
  const params: Record<string, unknown> = {};
  const sent: Record<string, unknown> = {};
  for (const [name, { wire: wireName, write, ofNull = isEdit ? 'refused' : 'left out' }] of fields) {
    const value = (given as Readonly<Record<string, unknown>>)[name];
    if (value === undefined || (value === null && ofNull === 'left out')) continue;
    const argument = `input.${name}`;
    if (value === null && ofNull === 'refused')
      throw badUserInput(argument, 'null is not allowed. Leave the field out to keep it as it is.');
    // The API clears a field by an empty string.
    const isCleared = value === null && ofNull === 'clears';
    const written = isCleared ? '' : write ? write(argument, value as never) : value;
    (inPath.includes(wireName) ? params : sent)[wireName] = written;
  }
  return [params, sent];
}
