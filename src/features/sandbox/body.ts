import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import type { WireInvalidField } from '../../luaauth/wire.ts';

export interface Body {
  text: string;
  value: unknown;
  /** Set if the body is not JSON or is too large. */
  problem?: WireInvalidField['errors'][number];
}

const MAX_BYTES = 16 * 1024 * 1024;

/** Reads a body. Undefined if the sender leaves. */
export async function readBody(request: IncomingMessage): Promise<Body | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    // Reads and drops what is too large: a sender that is still writing would miss an early answer.
    for await (const chunk of request) {
      size += chunk.length;
      if (size <= MAX_BYTES) chunks.push(chunk);
    }
  } catch {
    return undefined;
  }
  if (size > MAX_BYTES) {
    const problem = { message: 'is too large', errors: [`more than ${MAX_BYTES} bytes`] };
    return { text: '', value: undefined, problem };
  }
  const bytes = Buffer.concat(chunks);
  const text = bytes.toString();
  try {
    if (!isUtf8(bytes)) throw new SyntaxError('not UTF-8');
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
