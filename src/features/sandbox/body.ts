import type { IncomingMessage } from 'node:http';
import { text as textOf } from 'node:stream/consumers';
import type { WireInvalidField } from '../../luaauth/wire.ts';

export interface Body {
  text: string;
  value: unknown;
  /** Set if the body is not JSON. */
  problem?: WireInvalidField['errors'][number];
}

/** Reads a body. Undefined if the sender leaves. */
export async function readBody(request: IncomingMessage): Promise<Body | undefined> {
  const text = await textOf(request).catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    return { text, value: text === '' ? undefined : JSON.parse(text) };
  } catch (error) {
    const problem = { message: 'is not valid JSON', errors: [(error as SyntaxError).message] };
    return { text, value: undefined, problem };
  }
}

/** Writes JSON with bigints as exact numbers. @throws RangeError if the value is nested too deep for the stack */
export function toJson(value: unknown): string {
  try {
    return JSON.stringify(value);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    // Only a bigint leads here. A replacer for every answer would be slower.
    const marked = JSON.stringify(value, (_name, member) =>
      typeof member === 'bigint' ? `\0${member}\0` : member,
    );
    return marked.replace(/"\\u0000(-?\d+)\\u0000"/g, '$1');
  }
}
