import { badUserInput } from '../errors/coded-error.ts';
import { ID_FORM, isId } from '../luaauth/decoders.ts';

/** The id, if it can be one. `argument` is where it came from, such as `id`, `ids[3]` or `input.id`. */
export function checkId(argument: string, id: string): string {
  if (isId(id)) return id;
  throw badUserInput(argument, `${quote(id)} is not an id. An id is ${ID_FORM}.`);
}

/** A value as given, on one line and at no length, for a message. */
function quote(given: string): string {
  return JSON.stringify(given.length <= 60 ? given : `${given.slice(0, 59)}…`);
}

/** The licence key, if it can be one. It is a secret: never quoted back. */
export function checkKey(argument: string, key: string): string {
  if (!isId(key)) throw badUserInput(argument, `this is not a licence key. One is ${ID_FORM}.`);
  return key;
}

/** The whole number, if it is in the range. */
export function checkRange(argument: string, value: number, least: number, most: number): number {
  if (!Number.isInteger(value) || value < least || value > most) {
    throw badUserInput(argument, `${value} is out of range. Give a whole number from ${least} to ${most}.`);
  }
  return value;
}

/** Text that can travel in a URL or a body without losing anything: no lone surrogates. Never quoted back. */
export function checkText(argument: string, value: string, maxLength: number, { isRequired = false } = {}) {
  if (value === '' || value.length > maxLength) {
    const otherwise = isRequired ? '' : ', or leave it out';
    throw badUserInput(argument, `it has ${value.length} characters. Give 1 to ${maxLength}${otherwise}.`);
  }
  return checkWellFormed(argument, value);
}

export function checkWellFormed(argument: string, value: string): string {
  if (/\p{Surrogate}/u.test(value)) {
    throw badUserInput(argument, 'it has a lone UTF-16 surrogate, which is not a character. Take it out.');
  }
  return value;
}

/** An error costs more than what is asked for, and no client makes so many mistakes. */
const MAX_MISTAKES = 100;

/** Each value of a list as `read` gives it, or what is wrong with it. @throws BAD_USER_INPUT for too many mistakes. */
export function readEach<Given, Read>(
  argument: string,
  values: readonly Given[],
  read: (argument: string, given: Given) => Read,
): (Read | Error)[] {
  let mistakes = 0;
  return values.map((given, index) => {
    try {
      return read(`${argument}[${index}]`, given);
    } catch (error) {
      mistakes += 1;
      if (mistakes <= MAX_MISTAKES) return error as Error;
      throw badUserInput(
        argument,
        `more than ${MAX_MISTAKES} of them are wrong. The last one: ${(error as Error).message}`,
      );
    }
  });
}
