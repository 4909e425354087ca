import { needs } from '../callers/needs.ts';
import { costs } from '../limits/cost.ts';
import { builder } from './builder.ts';
import { User } from './user.ts';

/** What is left of a write to a user that LuaAuth carried out: which one, and by whose key. */
export interface UserSuccess<Type extends string> {
  readonly type: Type;
  readonly userKey: string;
}

/** The success type of a mutation of a user, who can be read again, if it is selected. */
export function userSuccess<const Type extends string>(name: Type, description: string) {
  return builder.objectRef<UserSuccess<Type>>(name).implement({
    description,
    isTypeOf: (value) => (value as UserSuccess<Type>).type === name,
    fields: (t) => ({
      user: t.field({
        type: User,
        nullable: true,
        description:
          'The user, read again after the write; that costs one REST call. Null, with an error here, if only this read failed: the write succeeded.',
        extensions: { ...needs('users:read'), ...costs('GET /users/:user_key') },
        resolve: ({ userKey }) => userKey,
      }),
    }),
  });
}
