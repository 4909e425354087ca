import { badUserInput } from '../errors/coded-error.ts';
import { ID_FORM, isId } from '../luaauth/decoders.ts';

/** `argument` names the id's place, such as `ids[3]` or `input.id`. @throws BAD_USER_INPUT */
export function checkId(argument: string, id: string): string {
  if (isId(id)) return id;
  throw badUserInput(argument, `${quote(id)} is not an id. An id is ${ID_FORM}.`);
}

function quote(given: string): string {
  return JSON.stringify(given.length <= 60 ? given : `${given.slice(0, 59)}…`);
}

/** Returns the licence key if its form is valid. A key is a secret, so the error does not quote it. @throws BAD_USER_INPUT */
export function checkKey(argument: string, key: string): string {
  if (!isId(key)) throw badUserInput(argument, `this is not a licence key. A licence key is ${ID_FORM}.`);
  return key;
}

export function checkRange(argument: string, value: number, least: number, most: number): number {
  if (!Number.isInteger(value) || value < least || value > most) {
    throw badUserInput(argument, `${value} is out of range. Give a whole number from ${least} to ${most}.`);
  }
  return value;
}

/** Checks a text for a URL or a body. The error does not quote the text. @throws BAD_USER_INPUT for a lone surrogate */
export function checkText(argument: string, value: string, maxLength: number, { isRequired = false } = {}) {
  if (value === '' || value.length > maxLength) {
    const otherwise = isRequired ? '' : ', or leave it out';
    throw badUserInput(argument, `it has ${value.length} characters. Give 1 to ${maxLength}${otherwise}.`);
  }
  return checkWellFormed(argument, value);
}

/** `wanted` says what to give instead of an empty text. */
export function checkFilled(argument: string, value: string, wanted: string, maxLength?: number): string {
  if (value === '') throw badUserInput(argument, `it is empty. Give ${wanted}.`);
  return checkWellFormed(argument, value, maxLength);
}

export function checkWellFormed(argument: string, value: string, maxLength = Infinity): string {
  if (value.length > maxLength)
    throw badUserInput(argument, `it has ${value.length} characters. At most ${maxLength} are allowed.`);
  if (/\p{Surrogate}/u.test(value)) {
    throw badUserInput(argument, 'it has a lone UTF-16 surrogate, which is not a character. Remove it.');
  }
  return value;
}

/** Making an error costs more CPU time than reading a value, and no useful client makes so many mistakes. */
const MAX_MISTAKES = 100;

/** An invalid value becomes its error. @throws BAD_USER_INPUT for more than `MAX_MISTAKES` errors */
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
        `more than ${MAX_MISTAKES} of its items are wrong. The last error: ${(error as Error).message}`,
      );
    }
  });
}
