import { needs } from '../callers/needs.ts';
import type { Context } from '../context.ts';
import { asRefusal, type CommonRefusal, type InputNames, type RefusalResult } from '../errors/refusals.ts';
import { costs } from '../limits/cost.ts';
import type { Api } from '../luaauth/api.ts';
import { builder } from './builder.ts';
import { forgetLoaded } from './loader.ts';
import { Script } from './script.ts';
import { lookAhead } from './selection.ts';

/** What is left of a write to a script that LuaAuth carried out: which one, and on which script. */
export interface Success<Type extends string> extends Carried<Type> {
  readonly scriptId: string;
}

/** What is left of any write that LuaAuth carried out. */
interface Carried<Type extends string> {
  readonly type: Type;
}

/**
 * Carries out a write and gives the member of its result union. Whatever the operation has read before is forgotten,
 * also when the outcome is unknown, so that what is read after the write is asked for anew.
 */
export async function runMutation<
  const Done extends Carried<string>,
  Refusal extends RefusalResult = CommonRefusal,
>(
  context: Context,
  success: Done,
  write: (api: Api) => Promise<void>,
  names: InputNames,
): Promise<Done | Refusal> {
  return runWrite<Done, Refusal>(context, (api) => write(api).then(() => success), names);
}

/** The same for a write that gives the member of the union itself. */
export async function runWrite<Result, Refusal extends RefusalResult = CommonRefusal>(
  context: Context,
  write: (api: Api) => Promise<Result>,
  names: InputNames,
): Promise<Result | Refusal> {
  try {
    return await write(context.caller.api);
  } catch (error) {
    const refusal = asRefusal(error, names);
    if (refusal === undefined) throw error;
    // The codes that the endpoint documents decide which refusals there can be.
    return refusal as Refusal;
  } finally {
    forgetLoaded(context);
  }
}

/** The success type of a mutation that leaves a script behind: it can be read again, if it is selected. */
export function scriptSuccess<const Type extends string>(name: Type, description: string) {
  return builder.objectRef<Success<Type>>(name).implement({
    description,
    isTypeOf: (value) => (value as Success<Type>).type === name,
    fields: (t) => ({
      script: t.field({
        type: Script,
        nullable: true,
        description:
          'The script, read again after the write; that costs one REST call. Null, with an error here, if only this read failed: the write succeeded.',
        extensions: { ...needs('scripts:read'), ...costs('GET /scripts/:script_id') },
        resolve: ({ scriptId }, _args, _context, info) => {
          lookAhead(info, 'Script')(scriptId);
          return scriptId;
        },
      }),
    }),
  });
}

export const resolveResultType = (result: Carried<string>): string => result.type;
